/** `almanac token`: who may join the cluster, and who may no longer. */
import { type JoinRole, joinRoles } from "../../core/identity.js";
import { failure, unwrap } from "../failure.js";
import { durationMs } from "../option-values.js";
import { printJson, printLines, screenOf } from "../output.js";
import { renderTokens, tokenJson } from "../render/tokens.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

const ttlDefaultMs = 3_600_000;

export function addToken(program: Program): void {
  const token = program
    .command("token")
    .description("let nodes and people join: tokens that are good once, for one name");
  addCreate(token);
  token
    .command("list")
    .description("the tokens, without their secrets")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const views = unwrap(await client.tokens());
        if (json) return printJson(views.map(tokenJson));
        printLines(quiet ? views.map(({ id }) => id) : renderTokens(views, screenOf()));
      });
    });
  token
    .command("revoke")
    .description("revoke a token, or bar all tokens and certificates of a name from now on")
    .argument("<target>", "a token's id, or the name of a worker, a person or a planner")
    .action(async (target, _options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json }) => {
        const revoked = unwrap(await client.revoke(target, null));
        if (json) return printJson({ ...revoked });
        const { tokensRevoked, certificatesBarred } = revoked;
        printLines([`${tokensRevoked} tokens revoked, ${certificatesBarred} certificates barred`]);
      });
    });
}

function addCreate(token: ReturnType<Program["command"]>): void {
  token
    .command("create")
    .description("make a token; it is printed once and kept nowhere")
    .option("--worker <name>", "for a node, which joins with `almanac worker --join TOKEN`")
    .option("--user <name>", "for a person, who joins with `almanac login TOKEN`")
    .option("--planner <name>", "for a planner, which joins with `almanac planner --join TOKEN`")
    .option("--ttl <duration>", "how long it is good", durationMs, ttlDefaultMs)
    .action(async (options, command) => {
      const [holder, ...others] = joinRoles.flatMap((role): Holder[] => {
        const name = options[role];
        return name === undefined ? [] : [{ role, name }];
      });
      if (holder === undefined || others.length > 0) {
        const message = "must be one of --worker NAME, --user NAME and --planner NAME";
        throw failure("invalid_argument", `whom the token is for ${message}`, [
          { field: "--worker", message },
        ]);
      }
      const { role, name } = holder;
      const given = command.optsWithGlobals();
      await withSession(given, async ({ client, json, quiet, address }) => {
        const made = unwrap(await client.createToken(role, name, options.ttl));
        if (json) return printJson({ token: made.token, ...tokenJson(made.view) });
        printLines([made.token]);
        if (!quiet)
          console.error(`good once, for ${role} ${name}: ${useOf(role, made.token, address)}`);
      });
    });
}

interface Holder {
  readonly role: JoinRole;
  readonly name: string;
}

const useOf = (role: JoinRole, token: string, address: string): string =>
  role === "user"
    ? `almanac login ${token} --master ${address}`
    : `almanac ${role} --join ${token} --master ${address}`;
