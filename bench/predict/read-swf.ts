/**
 * The Standard Workload Format of the Parallel Workloads Archive (Feitelson et al., 2014): a line a
 * job, 18 numbers, -1 for unknown. Times are seconds.
 */
import { linesOf } from "./lines.js";
import { type Trace, traceBuilder } from "./trace.js";

const fields = 18;

export function readSwf(name: string, bytes: Buffer): Trace {
  const trace = traceBuilder(name);
  for (const line of linesOf(bytes)) {
    const text = line.trim();
    if (text === "" || text.startsWith(";")) continue;
    const values = text.split(/\s+/).map(Number);
    const at = (place: number): number => values[place] ?? -1;
    const [submitS, waitS, runS] = [at(1), at(2), at(3)];
    if (values.length < fields || values.some(Number.isNaN) || submitS < 0 || runS < 0) {
      trace.skip();
      continue;
    }
    const processors = at(7) > 0 ? at(7) : at(4);
    const requestedS = at(8);
    const [user, group, program, queue] = [at(11), at(12), at(13), at(14)];
    const owner = `user ${user}`;
    const kind = `${owner} program ${program}`;
    const shape = `${kind} on ${processors}`;
    // Whole seconds: what took less than one is counted as one.
    trace.add({
      submitAtMs: submitS * 1_000,
      startAtMs: (submitS + Math.max(0, waitS)) * 1_000,
      durationMs: Math.max(1, runS) * 1_000,
      // 1 completed, -1 not recorded; 0 failed, 5 cancelled, 2 to 4 pieces of a run.
      succeeded: at(10) === 1 || at(10) === -1,
      ...(requestedS > 0 ? { userMs: requestedS * 1_000, timeoutMs: requestedS * 1_000 } : {}),
      ...(processors > 0 ? { cpus: processors } : {}),
      // Kilobytes a processor.
      ...(at(9) > 0 ? { memoryBytes: at(9) * 1_024 * Math.max(1, processors) } : {}),
      user: String(user),
      image: `queue ${queue}`,
      groups: [`${shape} for ${requestedS} in ${queue}`, shape, kind, owner, `group ${group}`],
    });
  }
  return trace.build();
}
