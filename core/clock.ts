/**
 * Time as the shells of the houses see it: a port, so that a simulation can be the one that lets it
 * pass. Pure code has no clock; it is given instants.
 */
export interface Clock {
  /** Wall clock, in milliseconds since 1970. */
  nowMs(): number;
  /** For durations and leases: the same for all processes of one boot of a machine. */
  monotonicMs(): number;
  after(delayMs: number, action: () => void): Timer;
  every(intervalMs: number, action: () => void): Timer;
  /** When this turn of the event loop is over. */
  soon(action: () => void): void;
}

export interface Timer {
  clear(): void;
}
