/**
 * A gRPC server as every house of this project serves: on loopback only, with health and
 * reflection, bounded messages, and a stop that leaves nothing behind.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";

export interface ServingOptions {
  /** `host:port`; port 0 for any free one. */
  readonly listen: string;
  /** Full names, for health: `almanac.v1.JobService`. */
  readonly services: readonly string[];
  readonly addServices: (server: Server) => void;
  readonly messageBytesMax: number;
  /** How long open calls may take to end by themselves on stop. */
  readonly stopGraceMs?: number;
}

export interface Serving {
  /** With the port that was bound. */
  readonly address: string;
  setHealth(serving: boolean): void;
  stop(): Promise<void>;
}

const stopGraceDefaultMs = 500;

export async function serve(options: ServingOptions): Promise<Serving> {
  const host = hostOf(options.listen);
  if (!isLoopback(host)) {
    throw new Error(
      `refusing to listen on ${options.listen}: there is no transport security yet, so only ` +
        "loopback addresses (127.0.0.0/8, ::1, localhost) can be bound",
    );
  }
  const server = new Server({
    "grpc.max_receive_message_length": options.messageBytesMax,
    "grpc.max_send_message_length": options.messageBytesMax,
    "grpc.max_concurrent_streams": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  options.addServices(server);
  const health = new HealthImplementation({ "": "SERVING" });
  health.addToServer(server);
  addReflection(server);
  const port = await bind(server, options.listen);
  const setHealth = (serving: boolean): void => {
    for (const name of ["", ...options.services]) {
      health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
    }
  };
  setHealth(true);
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    setHealth,
    stop: () => stop(server, options.stopGraceMs ?? stopGraceDefaultMs),
  };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

const hostOf = (listen: string): string =>
  listen.slice(0, listen.lastIndexOf(":")).replace(/^\[|\]$/g, "");

function bind(server: Server, listen: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The descriptors that `buf build` made, beside the sources or beside the bundle. */
function addReflection(server: Server): void {
  const candidates = [
    "./gen/descriptors.binpb",
    "./proto/descriptors.binpb",
    "../proto/descriptors.binpb",
  ];
  for (const candidate of candidates) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (!existsSync(path)) continue;
    new ReflectionService(loadFileDescriptorSetFromBuffer(readFileSync(path))).addToServer(server);
    return;
  }
}
