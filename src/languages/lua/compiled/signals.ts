// What a compiled function gives in the place of a result when it cannot go on. Generated code knows one by its type.

/** The interpreter has to do this instruction; nothing of it was done. */
export const AGAIN: unique symbol = Symbol("again");
/** The function called has left its frame to the interpreter; its caller does the same. */
export const LEFT = Symbol("left");
/** The run has ended, by KSR.x.exit or KSR.x.drop. */
export const ENDED = Symbol("ended");
