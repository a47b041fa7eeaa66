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
declare module "*.py" {
  const text: string;
  export default text;
}
// Files that the compiled executable carries, imported `with { type: "file" }`: their paths.
declare module "*/pyodide.asm.mjs" {
  const path: string;
  export default path;
}
declare module "*.wasm" {
  const path: string;
  export default path;
}
declare module "*.zip" {
  const path: string;
  export default path;
}
