// Files of embed/ that are imported `with { type: "text" }`.
declare module "*.cfg" {
  const text: string;
  export default text;
}
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*.tables" {
  const text: string;
  export default text;
}
declare module "*.lua" {
  const text: string;
  export default text;
}
