/**
 * A machine with a terminal: a shell in a network namespace, with processes, host name, home,
 * temporary and system directories of its own, so that what a guide says can be typed as it stands.
 * It sees the host's programs; what it writes goes to a directory of its own.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface MachineOptions {
  /** Of the namespace. */
  readonly namespace: string;
  readonly hostname: string;
  /** Where all that it writes is kept. */
  readonly directory: string;
  /** Directories that it has at another place: `/opt/almanac` by the path they have here. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Programs that it has not. */
  readonly without?: readonly string[];
  readonly path: string;
}

export interface Machine {
  /** Output and errors of what was typed; rejects with them where a command of it failed. */
  type(text: string, input?: string): Promise<string>;
  /** Ends everything that runs there. */
  close(): Promise<void>;
}

/** Written to, so laid over; what stands in them is there to read. */
const overlaid = ["/etc", "/opt", "/usr/local", "/var"];
const prompt = "-- machine: done --";
/** Where it finds what it is to type. */
const inside = "/run/machine";

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { namespace, hostname, directory, path } = options;
  mkdirSync(directory, { recursive: true });
  const preparation = join(directory, "prepare.sh");
  writeFileSync(preparation, preparationOf(options));
  const own = ["--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const args = [`--net=/run/netns/${namespace}`, "unshare", ...own, "bash", "-e", preparation];
  const env = { HOME: "/root", PATH: path, HOSTNAME: hostname, LANG: "C.UTF-8" };
  const shell = spawn("nsenter", args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  let answered: (() => void) | null = null;
  const gone = new Promise<void>((done) => shell.once("close", () => done()));
  createInterface({ input: shell.stdout }).on("line", (line) => {
    if (line === prompt) answered?.();
    else said += `${line}\n`;
  });
  shell.stderr.on("data", (chunk) => {
    said += chunk;
  });
  shell.stdin.on("error", () => undefined);

  /** False: a command failed, and the shell with it. */
  async function enter(command: string): Promise<boolean> {
    const done = new Promise<boolean>((resolve) => {
      answered = () => resolve(true);
    });
    shell.stdin.write(`${command}\necho '${prompt}'\n`);
    return await Promise.race([done, gone.then(() => false)]);
  }

  let blocks = 0;
  if (!(await enter("cd; set -eo pipefail"))) throw new Error(`no machine: ${said}`);
  return {
    async type(text, input = "") {
      blocks += 1;
      const name = `block-${blocks}`;
      writeFileSync(join(directory, name), text);
      writeFileSync(join(directory, `${name}.in`), input);
      const file = `${inside}/${name}`;
      const whole = await enter(`source ${file} < ${file}.in > ${file}.out 2>&1`);
      const output = readFileSync(join(directory, `${name}.out`), "utf8");
      if (whole) return output;
      throw new Error(`on ${hostname}, a command failed of\n${text}\n${output}${said}`);
    },
    async close() {
      // The first process of its namespace takes all others with it.
      shell.kill("SIGKILL");
      await gone;
    },
  };
}

function preparationOf({ directory, hostname, mounts = {}, without = [] }: MachineOptions): string {
  const place = (name: string): string => {
    mkdirSync(join(directory, name));
    return join(directory, name);
  };
  const layers = overlaid.map((path, index) => {
    const options = `lowerdir=${path},upperdir=${place(`upper-${index}`)},workdir=${place(`work-${index}`)}`;
    return `mount -t overlay -o ${options} overlay ${path}`;
  });
  return [
    "mount --make-rprivate /",
    ...layers,
    `mount --bind ${place("root")} /root`,
    // Docker's own layers cannot lie on ours.
    `mkdir -p /var/lib/docker && mount --bind ${place("docker")} /var/lib/docker`,
    ...Object.entries(mounts).map(([at, from]) => `mkdir -p ${at} && mount --bind ${from} ${at}`),
    ...without.map(
      (program) =>
        `hidden=$(command -v ${program}) && mount --bind /dev/null "$(readlink -f "$hidden")" || :`,
    ),
    `hostname ${hostname}`,
    "mount -t tmpfs tmpfs /run",
    `mkdir ${inside} && mount --bind ${directory} ${inside}`,
    // Last, because what is mounted above may lie in it.
    `mount --bind ${place("tmp")} /tmp`,
    "exec bash --noprofile --norc",
    "",
  ].join("\n");
}
