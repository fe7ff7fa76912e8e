import type { Schemas } from "../../core/api";

type Fit = Schemas["ModelFit"];

/** The figure of a parameter; NaN for one that the model does not have. */
function param(fit: Fit, name: string): number {
  return fit.params.find((one) => one.name === name)?.value ?? Number.NaN;
}

/** What the parameters come to, in words that need no paper: means over the users. */
export interface Derived {
  /** Purchases a week, of a user who is still there. */
  rate?: number;
  /** The share of users who leave after a purchase. */
  dropout?: number;
  /** Departures a year, of a user who is still there. */
  departures?: number;
  /** The mean value of a purchase in major units. */
  value?: number;
}

const WEEKS_A_YEAR = 365.25 / 7;

/** Means over the users, after the papers of the models; a mean that does not exist is left out. */
export function derive(fit: Fit): Derived {
  const finite = (x: number) => (Number.isFinite(x) ? x : undefined);
  const rate = finite(param(fit, "r") / param(fit, "alpha"));
  switch (fit.model) {
    case "mbgnbd":
    case "bgnbd":
      return { rate, dropout: finite(param(fit, "a") / (param(fit, "a") + param(fit, "b"))) };
    case "paretonbd":
      return { rate, departures: finite((WEEKS_A_YEAR * param(fit, "s")) / param(fit, "beta")) };
    case "nbd":
      return { rate };
    case "gammagamma": {
      const q = param(fit, "q");
      return q > 1 ? { value: finite((param(fit, "p") * param(fit, "v")) / (q - 1)) } : {};
    }
    default:
      return {};
  }
}

/** The fit that scores: the fallback where the data do not identify the model. */
export function scoring(fit: Fit): Fit {
  return !fit.identified && fit.fallback ? fit.fallback : fit;
}
