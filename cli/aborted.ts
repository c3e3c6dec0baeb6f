/** A promise of a signal's abort. */
export const aborted = (signal: AbortSignal): Promise<"aborted"> =>
  new Promise((done) => {
    if (signal.aborted) done("aborted");
    else signal.addEventListener("abort", () => done("aborted"), { once: true });
  });
