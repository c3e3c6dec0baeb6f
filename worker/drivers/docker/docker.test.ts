import { afterAll, describe } from "vitest";
import { dockerOptions, dockerPolicy, startDockerDaemon } from "../../testing/docker-daemon.js";
import { driverContract } from "../../testing/driver-contract.js";
import { createDockerDriver } from "./docker.js";

const { daemon, reason } = await startDockerDaemon();
afterAll(() => daemon?.close());
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe.skipIf(daemon === null)(`docker${reason === null ? "" : ` (${reason})`}`, () => {
  driverContract(
    "docker",
    (dataDirectory) =>
      createDockerDriver({
        dataDirectory,
        policy: dockerPolicy({ socket: daemon?.socket ?? "" }),
        log,
        onChange: () => undefined,
      }),
    { options: dockerOptions(), atOnce: 20 },
  );
});
