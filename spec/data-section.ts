/** The keys `inputs` and `outputs` of a task: files that it takes in and leaves behind. */
import { z } from "zod";
import { dataLimits, isHash } from "../core/data.js";
import { bytes, closed, flag, kindOf, text } from "./fields.js";

const hash = text("64 hexadecimal digits").refine(isHash, {
  error: "must be 64 lower-case hexadecimal digits",
});

const inputRight =
  "a file's path, or one of {from: path}, {task: name, output: pattern} and {sha256: content, size: bytes, path: file}";

const input = z
  .union(
    [
      z.string(),
      closed({
        path: text("a path below the working directory")
          .optional()
          .describe("Where it lies below the working directory; a directory ends with /."),
        from: text("a path").optional().describe("File or directory, relative to the job file."),
        task: text("a task's name").optional().describe("Task whose outputs these are."),
        output: text("a pattern").optional().describe("Which of its outputs. Default: all."),
        sha256: hash.optional().describe("Content that the cluster holds already."),
        size: bytes(0).optional().describe("Of that content."),
        executable: flag.optional().describe("Of that content. Default false."),
      }),
    ],
    { error: (issue) => `must be ${inputRight}, not ${kindOf(issue.input)}` },
  )
  .transform((value, context) => {
    const { from, task, sha256, path, size, output, executable } =
      typeof value === "string" ? closedInput(value) : value;
    const sources = [from, task, sha256].filter((one) => one !== undefined).length;
    if (sources === 1 && from !== undefined) {
      return { kind: "local" as const, from, path: path ?? null };
    }
    if (sources === 1 && task !== undefined) {
      return { kind: "outputs" as const, task, output: output ?? "**", path: path ?? "./" };
    }
    if (sources === 1 && sha256 !== undefined && size !== undefined && path !== undefined) {
      const content = { sha256, path, sizeBytes: size, executable: executable ?? false };
      return { kind: "content" as const, ...content };
    }
    context.addIssue({ code: "custom", message: `must be ${inputRight}` });
    return z.NEVER;
  });

interface GivenInput {
  readonly from: string;
  readonly path?: undefined;
  readonly task?: undefined;
  readonly output?: undefined;
  readonly sha256?: undefined;
  readonly size?: undefined;
  readonly executable?: undefined;
}

const closedInput = (from: string): GivenInput => ({ from });

const output = z
  .union(
    [
      z.string(),
      closed({
        path: text("a pattern below the working directory").describe(
          "out.csv, out/*.csv, out/**: relative to the working directory.",
        ),
        maxBytes: bytes(1, dataLimits.fileBytes)
          .optional()
          .describe("Of all the files that it matches together. Default 1Gi."),
        required: flag
          .optional()
          .describe("An attempt that leaves nothing here has failed. Default true."),
        size: bytes(0).optional().describe("What is expected, for planning."),
      }),
    ],
    {
      error: (issue) =>
        `must be a pattern like out/*.csv, or {path: pattern, maxBytes: 1Gi}, not ${kindOf(issue.input)}`,
    },
  )
  .transform((value) => (typeof value === "string" ? closedOutput(value) : value));

interface GivenOutput {
  readonly path: string;
  readonly maxBytes?: undefined;
  readonly required?: undefined;
  readonly size?: undefined;
}

const closedOutput = (path: string): GivenOutput => ({ path });

export const dataSections = {
  inputs: z
    .array(input, { error: `must be a list; each entry ${inputRight}` })
    .max(dataLimits.inputs, { error: `has more than ${dataLimits.inputs} entries` })
    .optional()
    .describe("Files put into the working directory before it starts."),
  outputs: z
    .array(output, { error: "must be a list of patterns like out/*.csv" })
    .max(dataLimits.outputs, { error: `has more than ${dataLimits.outputs} entries` })
    .optional()
    .describe("Files kept when it has succeeded: patterns below the working directory."),
};

export type InputFile = z.output<typeof input>;
