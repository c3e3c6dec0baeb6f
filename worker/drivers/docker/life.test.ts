import { afterAll, describe } from "vitest";
import { startDockerDaemon } from "../../testing/docker-daemon.js";
import { dockerOptions, dockerPolicy } from "../../testing/docker-options.js";
import { workerContract } from "../../testing/worker-contract.js";

const { daemon, reason } = await startDockerDaemon();
afterAll(() => daemon?.close());

describe.skipIf(daemon === null)(`Docker for real${reason === null ? "" : `: ${reason}`}`, () => {
  workerContract({
    driver: "docker",
    supervisor: { docker: dockerPolicy({ socket: daemon?.socket ?? "" }) },
    options: dockerOptions(),
    attempts: 4,
    patience: 2,
    outlives: true,
  });
});
