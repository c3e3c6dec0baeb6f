/**
 * Execution traces of Nextflow pipelines (dos-group/sizey, nf-core): a line a task. Times are
 * milliseconds since 1970, sizes bytes. What is known only afterwards (bytes read, the host) stays
 * out, though it would predict well.
 */
import { linesOf, numberOf, reader } from "./lines.js";
import { type Trace, type TraceBuilder, traceBuilder } from "./trace.js";

export function readNfcore(
  name: string,
  files: readonly { readonly pipeline: string; readonly bytes: Buffer }[],
): Trace {
  const trace = traceBuilder(name);
  for (const { pipeline, bytes } of files) addPipeline(trace, pipeline, bytes);
  return trace.build();
}

function addPipeline(trace: TraceBuilder, pipeline: string, bytes: Buffer): void {
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
