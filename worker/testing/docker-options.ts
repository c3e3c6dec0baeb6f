/** What a task asks of Docker and what a worker allows, with everything that a test does not care about. */
import type { DockerOptions } from "../../core/drivers.js";
import type { DockerPolicy } from "../drivers/docker/policy.js";

/** Made by `startDockerDaemon`. */
export const testImage = "almanac-test:1";
/** The same under the name that examples/docker.yaml asks for. */
export const exampleImage = "busybox:1.36";

export const dockerOptions = (more: Partial<DockerOptions> = {}): DockerOptions => ({
  kind: "docker",
  image: testImage,
  pull: "missing",
  credentials: null,
  user: null,
  network: "none",
  writableRoot: false,
  newPrivileges: false,
  capabilities: [],
  mounts: [],
  tmpfs: [],
  processesMax: null,
  ...more,
});

export const dockerPolicy = (more: Partial<DockerPolicy> = {}): DockerPolicy => ({
  socket: "/var/run/docker.sock",
  allowedMounts: [],
  allowedWritableMounts: [],
  allowedNetworks: ["none"],
  allowedCapabilities: [],
  allowRoot: false,
  allowWritableRoot: false,
  allowNewPrivileges: false,
  processes: 4_096,
  gpus: "requests",
  credentials: {},
  ...more,
});
