/** Which decision answers which command. A decision only reads the state. */
import { unreachable } from "../../core/result.js";
import {
  issueLocalCertificate,
  issueToken,
  redeemToken,
  renewCertificate,
  revokeAccess,
} from "./access.js";
import { admitPlan } from "./admission.js";
import { archive } from "./archive.js";
import { cancel } from "./cancel.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { dispatch } from "./dispatch.js";
import { cordon, drain, uncordon, undrain } from "./drain.js";
import { removeMaintenance, scheduleMaintenance } from "./maintenance.js";
import { chooseModel } from "./models.js";
import { pause, resume } from "./pausing.js";
import { place } from "./place.js";
import { foreseeFinishes } from "./promises.js";
import { liftQuarantine } from "./quarantine.js";
import { resolve } from "./resolve.js";
import { retry } from "./retry.js";
import { reviseEstimates, withdrawEstimates } from "./revise.js";
import { removeSecret, rotateSecretKey, setSecret } from "./secrets.js";
import { workerDisconnected, workerHello, workerReport } from "./session.js";
import type { State } from "./state.js";
import { submit } from "./submit.js";
import { tick } from "./tick.js";

export function decide(state: State, command: Command, nowMs: number): Decision {
  switch (command.type) {
    case "BeginEpoch":
      return beginEpoch(command);
    case "Submit":
      return submit(state, command);
    case "Cancel":
      return cancel(state, command);
    case "Retry":
      return retry(state, command);
    case "Archive":
      return archive(state, command, nowMs);
    case "Resolve":
      return resolve(state, command, nowMs);
    case "Pause":
      return pause(state, command);
    case "Resume":
      return resume(state, command);
    case "LiftQuarantine":
      return liftQuarantine(state, command);
    case "Cordon":
      return cordon(state, command.worker);
    case "Uncordon":
      return uncordon(state, command.worker);
    case "Drain":
      return drain(state, command, nowMs);
    case "Undrain":
      return undrain(state, command.worker);
    case "ScheduleMaintenance":
      return scheduleMaintenance(state, command, nowMs);
    case "RemoveMaintenance":
      return removeMaintenance(state, command);
    case "WorkerHello":
      return workerHello(state, command.hello, nowMs);
    case "WorkerDisconnected":
      return workerDisconnected(state, command.incarnation);
    case "WorkerReport":
      return workerReport(state, command, nowMs);
    case "Tick":
      return tick(state, command.lastHeard, nowMs);
    case "Place":
      return place(state, nowMs);
    case "Dispatch":
      return dispatch(state, nowMs);
    case "AdoptPlan":
      return admitPlan(state, command, nowMs);
    case "ReviseEstimates":
      return reviseEstimates(state, command);
    case "WithdrawEstimates":
      return withdrawEstimates(state);
    case "ChooseModel":
      return chooseModel(state, command);
    case "IssueToken":
      return issueToken(state, command, nowMs);
    case "RedeemToken":
      return redeemToken(state, command, nowMs);
    case "RenewCertificate":
      return renewCertificate(state, command, nowMs);
    case "IssueLocalCertificate":
      return issueLocalCertificate(state, command, nowMs);
    case "RevokeAccess":
      return revokeAccess(state, command, nowMs);
    case "SetSecret":
      return setSecret(state, command);
    case "RemoveSecret":
      return removeSecret(state, command);
    case "RotateSecretKey":
      return rotateSecretKey(command);
    case "ForeseeFinishes":
      return foreseeFinishes(state, command);
    default:
      return unreachable(command);
  }
}

function* beginEpoch(command: Extract<Command, { type: "BeginEpoch" }>): Decision {
  yield { type: "EpochBegan", epoch: command.epoch, settings: command.settings };
  return noReply;
}
