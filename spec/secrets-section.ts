/** The keys `secrets` and `secretFiles` of a task: what its attempts are given by name. */
import { z } from "zod";
import { kindOf, text } from "./fields.js";

const names = (of: string) =>
  z.record(z.string(), text("the name of a secret"), {
    error: (issue) => `must be a map of ${of} to names of secrets, not ${kindOf(issue.input)}`,
  });

export const secretSections = {
  secrets: names("environment variables")
    .optional()
    .describe("Environment variables whose values are secrets: TOKEN: name-of-a-secret."),
  secretFiles: names("paths")
    .optional()
    .describe(
      "Files whose contents are secrets, below the directory that ALMANAC_SECRETS_DIRECTORY names.",
    ),
};
