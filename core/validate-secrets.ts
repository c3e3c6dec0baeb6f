/** The rules of the secrets that a task names. Whether there are such secrets is the master's to say. */
import { relativePathProblem } from "./data.js";
import { type Command, jobLimits, type TaskTemplate } from "./job.js";
import { secretLimits } from "./secrets.js";
import { namePattern, quote, type Violations } from "./violations.js";

/** As every shell can assign it: others would have to pass through an argument, which all may read. */
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables with this prefix are the worker's. */
const ownPrefix = "ALMANAC_";

export function validateSecrets(template: TaskTemplate, at: string, found: Violations): void {
  const { secrets } = template;
  if (secrets === undefined) return;
  const variables = Object.entries(secrets.env);
  const files = Object.entries(secrets.files);
  const count = variables.length + files.length;
  if (count > secretLimits.perTask) {
    found.limit(`${at}.secrets`, "secrets of a task", count, secretLimits.perTask);
    return;
  }
  const commands = commandsOf(template);
  for (const [variable, name] of variables) {
    const here = `${at}.secrets.${variable}`;
    validateSecretName(name, here, found);
    if (!variablePattern.test(variable)) {
      found.add(here, `${quote(variable)} must be letters, digits and \`_\`, not a digit first`);
    } else if (variable.startsWith(ownPrefix)) {
      found.add(here, `names that begin with ${ownPrefix} are set by the worker`);
    } else if (commands.some(({ env }) => env[variable] !== undefined)) {
      found.add(here, "stands in `env` as well");
    }
  }
  const paths = new Set(files.map(([path]) => path));
  for (const [path, name] of files) {
    const here = `${at}.secretFiles.${path}`;
    validateSecretName(name, here, found);
    const problem = filePathProblem(path, paths);
    if (problem !== null) found.add(here, problem);
  }
}

export const validateSecretName = (name: string, at: string, found: Violations): void =>
  found.name(at, "name of a secret", name, namePattern, jobLimits.nameLength);

function filePathProblem(path: string, paths: ReadonlySet<string>): string | null {
  const problem = relativePathProblem(path);
  if (problem !== null) return problem;
  if (path.endsWith("/")) return "must be a file's path, without `/` at its end";
  // On its way into a machine it stands in a line of shell's text.
  if (/[\n\r]/.test(path)) return "must be on one line";
  const steps = path.split("/");
  const above = steps.slice(1).map((_, depth) => steps.slice(0, depth + 1).join("/"));
  const taken = above.find((directory) => paths.has(directory));
  return taken === undefined ? null : `${quote(taken)} is a file of this task, and no directory`;
}

const commandsOf = ({ command, modes }: TaskTemplate): readonly Command[] => [
  command,
  ...(modes ?? []).flatMap((mode) => mode.command ?? []),
];
