/** The JSON Schema of a job file, for editors; docs/job.schema.json is this, kept by a test. */
import { z } from "zod";
import { jobFile } from "./job-file.js";

export function jobJsonSchema(): z.core.JSONSchema.BaseSchema {
  return {
    ...z.toJSONSchema(jobFile, { io: "input", target: "draft-2020-12", reused: "inline" }),
    title: "Almanac job",
    description: "A job file of Almanac; docs/job.md explains each key.",
  };
}
