'use strict';
// Summaries of repeated measurements.

const ascending = (values) => [...values].sort((a, b) => a - b);

function quantile(values, share) {
  const sorted = ascending(values);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const next = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[next] - sorted[below]);
}

const median = (values) => quantile(values, 0.5);

/** Mean of the middle half: as robust as a median, finer than the clock's step. */
function middle_mean(values) {
  const sorted = ascending(values);
  const cut = Math.floor(sorted.length / 4);
  const kept = sorted.slice(cut, sorted.length - cut);
  return kept.reduce((a, b) => a + b, 0) / kept.length;
}

module.exports = { median, middle_mean, quantile };
