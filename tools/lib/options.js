'use strict';
// The command line of measure-onnxruntime: one table for parsing, checking and --help.

class UsageError extends Error {}

const LEVELS = ['disabled', 'basic', 'extended', 'all'];

function positive(flag, text, whole) {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new UsageError(`${flag}: found '${text}', expected a ${whole ? 'whole ' : ''}number above 0`);
  }
  return value;
}

function assignment(flag, text, form) {
  const at = text.lastIndexOf('=');
  if (at <= 0 || at + 1 === text.length) throw new UsageError(`${flag}: found '${text}', expected ${form}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const OPTIONS = {
  '--output': {
    value: 'FILE', help: 'where to write the measurements (JSON)', short: '-o',
    take: (settings, text) => { settings.output = text; },
  },
  '--threads': {
    value: 'N', help: 'threads inside an operator, each on a core of its own: 1 by default',
    take: (settings, text) => { settings.threads = positive('--threads', text, true); },
  },
  '--level': {
    value: 'L', help: `graph optimizations: ${LEVELS.join(', ')} (default)`,
    take: (settings, text) => {
      if (!LEVELS.includes(text)) {
        throw new UsageError(`--level: found '${text}', expected ${LEVELS.join(', ')}`);
      }
      settings.level = text;
    },
  },
  '--budget': {
    value: 'SECONDS', help: 'time for everything: 150 by default',
    take: (settings, text) => { settings.budget_s = positive('--budget', text, false); },
  },
  '--repeats': {
    value: 'N', help: 'runs of each model in each round, instead of a budget',
    take: (settings, text) => { settings.repeats = positive('--repeats', text, true); },
  },
  '--rounds': {
    value: 'N', help: 'times that all models are gone through: 4 by default',
    take: (settings, text) => { settings.rounds = positive('--rounds', text, true); },
  },
  '--dim': {
    value: 'NAME=N', help: 'size of a symbolic dimension, as in batch=8; 1 where none is given',
    take: (settings, text) => {
      const [name, size] = assignment('--dim', text, 'NAME=N');
      settings.dims[name] = positive('--dim', size, true);
    },
  },
  '--shape': {
    value: 'INPUT=DIMS', help: 'shape of an input, as in image=1x3x224x224',
    take: (settings, text) => {
      const [name, dims] = assignment('--shape', text, 'INPUT=DIMS');
      settings.shapes[name] = dims.split('x').map((dim) => positive('--shape', dim, true));
    },
  },
  '--filter': {
    value: 'REGEX', help: 'only models whose file name matches',
    take: (settings, text) => {
      try {
        settings.filter = new RegExp(text);
      } catch (error) {
        throw new UsageError(`--filter: ${error.message}`);
      }
    },
  },
};

function help() {
  const lines = Object.entries(OPTIONS).map(([name, option]) => {
    const label = `${option.short ? `${option.short}, ` : ''}${name} ${option.value}`;
    return `  ${label.padEnd(26)}${option.help}`;
  });
  return `measure-onnxruntime: how long models take in ONNX Runtime on this machine's CPU\n
usage: measure-onnxruntime DIR|FILE... -o OUT.json [flags]\n\n${lines.join('\n')}\n
docs/calibration.md says what is measured and how.\n`;
}

/** Reads the words behind the program's name; throws UsageError. */
function parse(words) {
  const settings = {
    paths: [], output: null, threads: 1, level: 'all', budget_s: 150, repeats: null, rounds: 4,
    dims: {}, shapes: {}, filter: /./,
  };
  for (let i = 0; i < words.length; ++i) {
    const [word, inline] = words[i].startsWith('--') ? words[i].split(/=(.*)/s) : [words[i]];
    if (!word.startsWith('-')) {
      settings.paths.push(word);
      continue;
    }
    const known = Object.entries(OPTIONS).find(([name, option]) => name === word || option.short === word);
    if (!known) throw new UsageError(`there is no flag '${word}'; --help lists them`);
    const value = inline ?? words[++i];
    if (value === undefined) throw new UsageError(`${known[0]} needs a value: ${known[1].value}`);
    known[1].take(settings, value);
  }
  if (settings.paths.length === 0) throw new UsageError('name a folder of .onnx files, or the files');
  if (!settings.output) throw new UsageError('-o OUT.json is missing');
  return settings;
}

module.exports = { UsageError, help, parse };
