/** The guide docs/two-machines.md, typed word for word on two machines. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Machine, startMachine } from "./support/machine.js";
import { linkNamespaces, namespacesMissing, removeNamespaces } from "./support/namespaces.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const guide = readFileSync(join(root, "docs/two-machines.md"), "utf8");
const packages = ["docker.io", "iptables", "busybox-static"];
const folder = mkdtempSync(join(tmpdir(), "almanac-two-machines-"));
const tag = `alt${process.pid}`;
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The guide installs them, which needs Debian's archive: the machines of this test have no way out. */
function packagesMissing(): string | null {
  try {
    const format = ["--show", "--showformat", "${db:Status-Abbrev}\n"];
    const said = execFileSync("dpkg-query", [...format, ...packages], { stdio: "pipe" }).toString();
    if (said.split("\n").every((line) => line === "" || line.startsWith("ii"))) return null;
  } catch {
    // not known, or no Debian
  }
  return `needs apt-get install --no-install-recommends ${packages.join(" ")}`;
}

const missing = namespacesMissing() ?? packagesMissing();

interface Block {
  readonly machine: string;
  readonly text: string;
  /** Name under which what it prints is kept, for a block that is given it. */
  readonly output: string | null;
  readonly input: string | null;
}

function blocksOf(markdown: string): Block[] {
  const blocks = [...markdown.matchAll(/^```sh (.*)\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, info = "", text = ""]) => {
    const word = (name: string): string | null =>
      new RegExp(`\\b${name}=(\\w+)`).exec(info)?.[1] ?? null;
    return { machine: word("machine") ?? "", text, output: word("output"), input: word("input") };
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missing !== null)(
  `docs/two-machines.md${missing === null ? "" : ` (${missing})`}`,
  () => {
    const machines = new Map<string, Machine>();

    beforeAll(async () => {
      const names = { one: `${tag}a`, two: `${tag}b` };
      linkNamespaces([
        { name: names.one, address: "192.0.2.1" },
        { name: names.two, address: "192.0.2.2" },
      ]);
      const one = await startMachine({
        namespace: names.one,
        hostname: "one",
        directory: join(folder, "one"),
        mounts: { "/opt/almanac": root },
        path: `${dirname(process.execPath)}:${usualPath}`,
      });
      machines.set("one", one);
      const two = await startMachine({
        namespace: names.two,
        hostname: "two",
        directory: join(folder, "two"),
        without: ["node", "npm"],
        path: usualPath,
      });
      machines.set("two", two);
    });

    afterAll(async () => {
      for (const machine of machines.values()) await machine.close();
      removeNamespaces([`${tag}a`, `${tag}b`]);
    });

    it("leads from nothing to a container on the second machine", async () => {
      const blocks = blocksOf(guide);
      // Nothing that a reader would type is left out.
      expect(blocks).toHaveLength((guide.match(/^```./gm) ?? []).length);
      const kept = new Map<string, string>();
      let all = "";
      for (const { machine, text, output, input } of blocks) {
        const said = await machines.get(machine)?.type(text, kept.get(input ?? ""));
        if (output !== null) kept.set(output, said ?? "");
        all += `${machine}# ${text}${said}`;
      }
      expect(all).toMatch(/^hello from container [0-9a-f]{12}, as 65534$/m);
      const sums = [...all.matchAll(/^([0-9a-f]{64}) {2}\S*almanac$/gm)].map(([, sum]) => sum);
      expect(sums).toHaveLength(2);
      expect(sums[0]).toBe(sums[1]);
    });

    it("leaves the worker of the second machine stopped", async () => {
      const left = (): Promise<string> | undefined =>
        machines.get("two")?.type("pgrep -x almanac || echo none");
      await expect.poll(left, { timeout: 20_000 }).toBe("none\n");
    });
  },
);
