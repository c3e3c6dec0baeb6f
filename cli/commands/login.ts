/** `almanac login TOKEN`: a client certificate for this person on this machine. */
import { join } from "../../proto/security/join.js";
import { loginDirectory } from "../credentials.js";
import { failure, unwrap } from "../failure.js";
import { givenToken, neededToken, tokenFileOption } from "../given-token.js";
import { printJson, printLines } from "../output.js";
import type { Program } from "../root.js";
import { configOf } from "../settings.js";

export function addLogin(program: Program): void {
  program
    .command("login")
    .description("get a certificate for yourself, by a token, to speak to a master")
    .argument("[token]", "as `almanac token create --user NAME` printed it")
    .addOption(tokenFileOption())
    .action(async (argument, { tokenFile }, command) => {
      const token = neededToken(givenToken(argument, tokenFile), "user");
      const given = command.optsWithGlobals();
      const config = configOf(given, "cli");
      const address = config.cli.master;
      const directory = loginDirectory(config, address);
      const { identity, lifeMs } = unwrap(await join({ token, address, directory }));
      if (identity.role !== "user") {
        const message = `the token was made for ${identity.role} ${identity.name}, and is spent now`;
        throw failure("permission_denied", `${message}: a person's is made with --user`);
      }
      if (given.json === true)
        return printJson({ name: identity.name, address, directory, lifeMs });
      printLines([`logged in to ${address} as ${identity.name}; kept in ${directory}`]);
    });
}
