/**
 * Execution traces of Nextflow pipelines (dos-group/sizey, nf-core): a line a task. Times are
 * milliseconds since 1970, sizes bytes. What is known only afterwards (bytes read, the host) stays
 * out, though it would predict well; the traces do not say how large a task's inputs were.
 */
import { linesOf, numberOf, reader } from "./lines.js";
import { type Trace, type TraceBuilder, traceBuilder } from "./trace.js";

/**
 * `readsAsInput` takes the characters that a task has read for the size of its inputs, which a
 * cluster that stages data would have known. It is an assumption: a task may read more than once.
 */
export function readNfcore(
  name: string,
  files: readonly { readonly pipeline: string; readonly bytes: Buffer }[],
  readsAsInput: boolean,
): Trace {
  const trace = traceBuilder(readsAsInput ? `${name} with reads` : name);
  for (const { pipeline, bytes } of files) addPipeline(trace, pipeline, bytes, readsAsInput);
  return trace.build();
}

function addPipeline(
  trace: TraceBuilder,
  pipeline: string,
  bytes: Buffer,
  readsAsInput: boolean,
): void {
  let fieldsOfLine: ReturnType<typeof reader> | null = null;
  for (const line of linesOf(bytes)) {
    if (fieldsOfLine === null) {
      fieldsOfLine = reader(line);
      continue;
    }
    if (line === "") continue;
    const field = fieldsOfLine(line);
    const submitAtMs = numberOf(field("submit"));
    const durationMs = numberOf(field("realtime"));
    const startAtMs = numberOf(field("start"));
    if (!(submitAtMs > 0) || !(durationMs >= 0) || !(startAtMs > 0)) {
      trace.skip();
      continue;
    }
    const limitMs = numberOf(field("time"));
    const [cpus, memoryBytes] = [numberOf(field("cpus")), numberOf(field("memory"))];
    const kind = `${pipeline} ${field("process")}`;
    trace.add({
      submitAtMs,
      startAtMs,
      durationMs,
      succeeded: field("status") === "COMPLETED",
      userMs: limitMs,
      timeoutMs: limitMs,
      cpus,
      memoryBytes,
      attempt: numberOf(field("attempt")),
      peakBytes: numberOf(field("peak_rss")),
      ...(readsAsInput ? { inputBytes: numberOf(field("rchar")) } : {}),
      user: pipeline,
      image: field("container"),
      groups: [
        `${kind} of ${field("tag")}`,
        `${kind} with ${cpus} and ${memoryBytes}`,
        kind,
        `${pipeline} in ${field("container")}`,
        pipeline,
      ],
    });
  }
}
