// The words of the language itself, for the catalogue: statements, routes, operators, core keywords, values, directives. What a row says is
// proven by the golden files and the cases compared with Kamailio.

/** One word or form of the language. */
export interface LanguageRow {
  readonly kind: "statement" | "route" | "operator" | "keyword" | "value" | "directive" | "declaration";
  /** As it is written; other spellings in `aliases`. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly doc: string;
}

/** "name, alias: meaning" a line. */
function rows(kind: LanguageRow["kind"], text: string): LanguageRow[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [names = "", doc = ""] = line.trim().split(" :: ");
      const [name = "", ...aliases] = names.split(", ");
      return { kind, name, aliases, doc };
    });
}

/** All of them. */
export const LANGUAGE: readonly LanguageRow[] = [
  ...rows(
    "statement",
    `if :: Runs what follows when the condition holds.
     else :: What an if runs when its condition does not hold.
     switch :: Runs the case that fits a value.
     case :: A number, a text or /"pattern" of a switch.
     default :: What a switch runs when no case fits.
     while :: Runs its block as long as the condition holds, max_while_loops times at most.
     break :: Leaves a case or a while.
     return :: Leaves the route with a number; 0 ends the script.
     exit :: Ends the script.
     drop :: Ends the script and leaves the implicit action of the route out.
     route, route() :: Runs a route by name, number or computed name.`,
  ),
  ...rows(
    "declaration",
    `loadmodule, loadmodulex :: Loads a module.
     modparam, modparamx :: Sets a parameter of one or several modules.
     flags, bool :: Declares names of message flags.
     avpflags :: Declares names of AVP flags.
     listen :: Opens a socket; see the parameter.`,
  ),
  ...rows(
    "route",
    `request_route, route, route[0] :: Runs for each request.
     route[NAME] :: Runs when it is called.
     branch_route[NAME] :: Runs for each branch before it is sent.
     failure_route[NAME], on_failure_route :: Runs when all branches have failed.
     reply_route, onreply_route, onreply_route[0] :: Runs for each reply.
     onreply_route[NAME] :: Runs for replies of a transaction or branch that armed it.
     onsend_route :: Runs before a request is sent.
     event_route[NAME] :: Runs for an event of a module.
     error_route :: Runs for messages that cannot be used.
     local_route :: Runs for requests made here.
     startup_route :: Runs once before the first message.
     timer_route[NAME, SECONDS] :: Runs every so many seconds.`,
  ),
  ...rows(
    "operator",
    `== :: Equal.
     != :: Not equal.
     =~ :: Matches an extended regular expression, letters in any case.
     !~ :: Does not match.
     > :: Greater.
     >= :: Greater or equal.
     < :: Less.
     <= :: Less or equal.
     &&, and :: Both.
     ||, or :: One of them.
     !, not :: Denies.
     [ ], [] :: Brackets of a condition.
     ( ), () :: Groups.
     = :: Assigns.
     + :: Sum of numbers, or texts joined.
     - :: Difference, or the negative.
     / :: Quotient of integers.
     * :: Product.
     mod, % :: Remainder.
     | :: Bitwise or.
     & :: Bitwise and.
     ^ :: Bitwise exclusive or.
     ~ :: Bitwise not.
     << :: Shifts left.
     >> :: Shifts right.
     (int) :: Casts to a number.
     (str) :: Casts to a text.
     eq :: Equal as texts.
     ne :: Not equal as texts.
     ieq :: Equal as numbers.
     ine :: Not equal as numbers.
     defined :: Whether a variable has a value.
     strlen :: Length of a text.
     strempty :: Whether a text is empty.
     selval :: selval(condition, a, b): a when it holds, else b; only that one is computed.
     +=, -=, *=, /= :: Assigns the result of an operator.
     := :: Assigns in place of all values of an AVP.`,
  ),
  ...rows(
    "keyword",
    `af :: Address family of the message: INET or INET6.
     dst_ip :: Our address it came to.
     dst_port :: Our port it came to.
     from_uri :: URI of From.
     method :: Method.
     msg:len :: Length in bytes.
     proto :: Transport it came by.
     status :: Status of the reply; in a request route of the last one sent.
     src_ip :: Address it came from.
     src_port :: Port it came from.
     to_uri :: URI of To.
     uri :: R-URI as it is now.
     snd_af :: Address family it leaves by, in onsend_route.
     snd_ip :: Our address it leaves by, in onsend_route.
     snd_port :: Our port it leaves by, in onsend_route.
     snd_proto :: Transport it leaves by, in onsend_route.
     to_ip :: Address it is sent to, in onsend_route.
     to_port :: Port it is sent to, in onsend_route.
     to_proto :: Transport it is sent by, in onsend_route.
     retcode :: Return code of the last call.`,
  ),
  ...rows(
    "value",
    `myself :: Any address or name of this server.
     INET :: IPv4.
     INET6 :: IPv6.
     UDP :: Transport.
     TCP :: Transport.
     TLS :: Transport.
     SCTP :: Transport.
     max_len :: Gone since Kamailio 1.4; refused with a word.
     L_ALERT :: Log level -5.
     L_BUG :: Log level -4.
     L_CRIT2 :: Log level -3.
     L_CRIT :: Log level -2.
     L_ERR :: Log level -1.
     L_WARN :: Log level 0.
     L_NOTICE :: Log level 1.
     L_INFO :: Log level 2.
     L_DBG :: Log level 3.
     IPTOS_LOWDELAY :: Type of service 0x10.
     IPTOS_THROUGHPUT :: Type of service 0x08.
     IPTOS_RELIABILITY :: Type of service 0x04.
     IPTOS_MINCOST :: Type of service 0x02.
     LOG_DAEMON :: Syslog facility.
     LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 :: Syslog facilities.`,
  ),
  ...rows(
    "directive",
    `#!define, #!def, !!define :: Defines a word, with or without a value.
     #!trydef, #!trydefine :: Defines a word unless it is.
     #!redefine, #!redef :: Defines a word anew.
     #!defexp, #!defexps :: Defines a word by an expression.
     #!defenv, #!defenvs, #!trydefenv, #!trydefenvs :: Defines a word by an environment variable.
     #!ifdef, !!ifdef :: Keeps what follows when a word is defined.
     #!ifndef, !!ifndef :: Keeps what follows when it is not.
     #!ifexp :: Keeps what follows when an expression is true.
     #!else, !!else :: The other way of the region.
     #!endif, !!endif :: Ends the region.
     #!subst, !!subst :: Replaces in quoted texts.
     #!substdef :: Replaces in quoted texts and defines a word.
     #!substdefs :: As #!substdef, the word standing for a quoted text.
     include_file, #!include_file, !!include_file :: Puts a file in place of the line.
     import_file, #!import_file, !!import_file :: The same when the file exists.`,
  ),
];
