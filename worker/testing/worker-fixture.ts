/** An agent with its supervisor and a recording master, in a private directory; leaves nothing behind. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { type Agent, type AgentOptions, startAgent } from "../agent.js";
import { readProcess } from "../drivers/process/proc.js";
import { type RecordingMaster, startRecordingMaster } from "./recording-master.js";

export interface WorkerFixture {
  readonly master: RecordingMaster;
  readonly dataDirectory: string;
  readonly options: AgentOptions;
  agent: Agent;
  supervisorLog(): string;
  restartAgent(): Promise<Agent>;
  /** A second life of the agent, as a process of its own; resolves once it is attached. */
  spawnAgent(agentEntry: string): Promise<ChildProcess>;
  close(): Promise<void>;
}

export async function startWorkerFixture(
  supervisorEntry: string,
  more: Partial<AgentOptions> = {},
): Promise<WorkerFixture> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "almanac-worker-"));
  const master = await startRecordingMaster();
  const options: AgentOptions = {
    name: "w1",
    dataDirectory,
    masterAddress: master.address,
    capacity: {
      cpuMillis: 64_000,
      memoryBytes: 2 ** 36,
      diskBytes: 2 ** 40,
      networkBps: 1e9,
      custom: {},
    },
    labels: { zone: "a" },
    devices: [],
    speed: 1,
    throttle: null,
    supervisorEntry: [supervisorEntry],
    log: pino({ level: "silent" }),
    ...more,
  };
  const agent = await startAgent(options);
  const fixture: WorkerFixture = {
    master,
    dataDirectory,
    options,
    agent,
    supervisorLog: () => readFileSync(join(dataDirectory, "supervisor.log"), "utf8"),
    async restartAgent() {
      fixture.agent = await startAgent(options);
      return fixture.agent;
    },
    spawnAgent: (agentEntry) => spawnAgent(agentEntry, options),
    async close() {
      const pid = fixture.agent.supervisorPid();
      await fixture.agent.stop({ stopSupervisor: true });
      await goneWithin(pid, 5_000);
      await master.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
  await master.waitFor("the first hello", () => master.hellos[0], 10_000);
  return fixture;
}

async function spawnAgent(agentEntry: string, options: AgentOptions): Promise<ChildProcess> {
  const { log: _log, ...plain } = options;
  const stdio: StdioOptions = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, [agentEntry, JSON.stringify(plain)], { stdio });
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("exit", reject);
  });
  return child;
}

/** Resolves when the process has gone (a zombie counts as gone); throws after `timeoutMs`. */
export async function goneWithin(pid: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (readProcess(pid) !== null) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there`);
    await sleep(5);
  }
}

export async function fileText(path: string, timeoutMs = 5_000): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (text.endsWith("\n")) return text.trim();
    if (Date.now() > deadline) throw new Error(`no line in ${path}`);
    await sleep(5);
  }
}
