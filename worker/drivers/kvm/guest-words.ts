/** What a guest says over its control port (deploy/guest/init). */
export type GuestWord =
  | { readonly kind: "ready" }
  | { readonly kind: "exited"; readonly exitCode: number; readonly outOfMemoryKills: number }
  | { readonly kind: "signalled"; readonly signal: number; readonly outOfMemoryKills: number }
  /** The program could not be started, in words for the user. */
  | { readonly kind: "failed"; readonly message: string };

/** null: not a word of the protocol. */
export function readGuestWord(line: string): GuestWord | null {
  if (line === "READY") return { kind: "ready" };
  if (line.startsWith("FAILED ")) return { kind: "failed", message: line.slice("FAILED ".length) };
  const match = /^(EXIT|SIGNAL) (\d{1,3}) oom=(\d{1,9})$/.exec(line);
  if (match === null) return null;
  const [, word, number, kills] = match;
  const outOfMemoryKills = Number(kills);
  return word === "EXIT"
    ? { kind: "exited", exitCode: Number(number), outOfMemoryKills }
    : { kind: "signalled", signal: Number(number), outOfMemoryKills };
}
