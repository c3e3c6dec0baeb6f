/** `almanac join TOKEN`: makes this node a member of a cluster, for the worker that is started later. */
import { join as joinPath, resolve } from "node:path";
import { join } from "../../proto/security/join.js";
import { failure, unwrap } from "../failure.js";
import { givenToken, neededToken, tokenFileOption } from "../given-token.js";
import { printJson, printLines } from "../output.js";
import { type Program, shortSettingOptions } from "../root.js";
import { configOf } from "../settings.js";

export function addJoin(program: Program): void {
  const command = program
    .command("join")
    .description("make this node a member of a master's cluster, by a token, and start nothing")
    .argument("[token]", "as `almanac token create --worker NAME` printed it")
    .addOption(tokenFileOption());
  for (const option of shortSettingOptions("worker")) {
    if (option.long === "--data-directory") command.addOption(option);
  }
  command.action(async (argument, { tokenFile }) => {
    const given = command.optsWithGlobals();
    const { worker } = configOf(given, "worker");
    const token = neededToken(givenToken(argument, tokenFile), "worker");
    const directory = joinPath(resolve(worker.dataDirectory), "membership");
    const address = worker.master;
    const { identity, lifeMs } = unwrap(await join({ token, address, directory }));
    if (identity.role !== "worker") {
      const message = `the token was made for ${identity.role} ${identity.name}, and is spent now`;
      throw failure("permission_denied", `${message}: a worker's is made with --worker`);
    }
    if (given.json === true) return printJson({ name: identity.name, address, directory, lifeMs });
    printLines([
      `worker ${identity.name} is a member of the cluster at ${address}; kept in ${directory}`,
      `start it: almanac worker --master ${address}`,
    ]);
  });
}
