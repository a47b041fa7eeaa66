// A value that is there, or a promise of it: what is known already costs no turn of the event loop.

/** A value, or a promise of one. */
export type Maybe<T> = T | Promise<T>;

/** What `run` gives; what it throws becomes a promise that rejects, so that there is one way to hear of its failure. */
export function attempt<T>(run: () => Maybe<T>): Maybe<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Goes on with a value, at once when it is there. */
export function whenThere<T, R>(value: Maybe<T>, go: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(go) : go(value);
}
