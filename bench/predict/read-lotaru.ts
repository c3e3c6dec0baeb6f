/**
 * Execution reports of Lotaru (CRC-FONDA/Lotaru; Bader et al., arXiv 2309.06918): the same tasks of
 * five workflows on several machines. The reports hold no times of day: they are told one after the
 * other, the reference machine `local` first, each task submitted when the one before has ended.
 */
import { linesOf, numberOf, reader } from "./lines.js";
import { type Trace, traceBuilder } from "./trace.js";

export interface LotaruRun {
  readonly machine: string;
  readonly workflow: string;
  readonly task: string;
  /** Names the same work on every machine, with its place among equals. */
  readonly work: string;
  readonly inputBytes: number;
  readonly durationMs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
}

const reference = "local";

/** Runs of every report, `local` first, then by machine and workflow. */
export function readReports(
  files: readonly { readonly name: string; readonly bytes: Buffer }[],
): LotaruRun[] {
  const runs: LotaruRun[] = [];
  const seen = new Map<string, number>();
  for (const { bytes } of files) {
    let fieldsOfLine: ReturnType<typeof reader> | null = null;
    for (const line of linesOf(bytes)) {
      if (fieldsOfLine === null) fieldsOfLine = reader(line);
      else if (line !== "") {
        const run = runOf(fieldsOfLine(line), seen);
        if (run !== null) runs.push(run);
      }
    }
  }
  const rank = (machine: string): string => (machine === reference ? "" : machine);
  const key = ({ machine, workflow }: LotaruRun): string => `${rank(machine)} ${workflow}`;
  return runs
    .map((run, place) => ({ run, place, key: key(run) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.place - b.place))
    .map(({ run }) => run);
}

function runOf(field: (name: string) => string, seen: Map<string, number>): LotaruRun | null {
  const [machine, workflow, task] = [field("Machine"), field("Workflow"), field("Task")];
  const durationMs = numberOf(field("Realtime"));
  if (machine === "" || task === "" || !(durationMs > 0)) return null;
  const inputBytes = numberOf(field("TaskInputSize"));
  const work = [workflow, task, field("Label"), field("NumberSequences"), inputBytes].join("|");
  const place = (seen.get(`${machine}|${work}`) ?? 0) + 1;
  seen.set(`${machine}|${work}`, place);
  return {
    machine,
    workflow,
    task,
    work: `${work}|${place}`,
    inputBytes,
    durationMs,
    cpus: numberOf(field("cpus")),
    memoryBytes: numberOf(field("memory")),
  };
}

/** The runs as a history, one after the other. */
export function lotaruTrace(name: string, runs: readonly LotaruRun[]): Trace {
  const trace = traceBuilder(name);
  let nowMs = 0;
  for (const run of runs) {
    const { machine, workflow, task, inputBytes, durationMs, cpus, memoryBytes } = run;
    const kind = `${workflow} ${task}`;
    // Buckets of a factor 2.
    const bucket = inputBytes > 0 ? Math.floor(Math.log2(inputBytes)) : -1;
    trace.add({
      submitAtMs: nowMs,
      startAtMs: nowMs,
      durationMs,
      succeeded: true,
      cpus,
      memoryBytes,
      inputBytes,
      user: workflow,
      worker: machine,
      groups: [`${kind} with ${inputBytes} bytes`, `${kind} of ${bucket}`, kind, workflow, "all"],
    });
    nowMs += durationMs + 1;
  }
  return trace.build();
}
