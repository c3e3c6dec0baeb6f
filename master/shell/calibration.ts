/** How far predictions can be trusted, as `ModelService.GetCalibration` answers. */
import { calibrationOf } from "../../core/calibration.js";
import { ok, type Result } from "../../core/result.js";
import { encodeCalibration } from "../../proto/codec/calibration.js";
import type { GetCalibrationResponse } from "../../proto/codec/services.js";
import type { Engine } from "./engine.js";

export const getCalibration = (engine: Engine): Promise<Result<GetCalibrationResponse>> =>
  engine.read(({ calibration }) => ok(encodeCalibration(calibrationOf(calibration))));
