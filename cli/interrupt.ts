/** Ctrl-C while something is waited for: the first ends the wait, a second one the process. */
import { exitCodes } from "./exit-codes.js";

/** For views that go on until they are interrupted: scripts shall know that they saw no end. */
export async function untilInterrupted(
  view: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await interruptible(async (signal) => {
    await view(signal);
    if (signal.aborted) process.exitCode = exitCodes.interrupted;
  });
}

/** The signal is aborted by SIGINT or SIGTERM; handlers are gone again when `act` is done. */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
    remove();
  };
  const remove = (): void => {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  };
  process.on("SIGINT", abort);
  process.on("SIGTERM", abort);
  try {
    return await act(controller.signal);
  } finally {
    remove();
  }
}
