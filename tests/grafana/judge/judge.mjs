// Draws panels as Grafana does, with Grafana's own code, and says the words and colours: a line of JSON in, one out.
//
// In: [{panel, series: {A: [Prometheus' series]}}]. Out, for each panel: [{row, field, text, color, value, at}], color null
// where nothing is painted, value what the text stands for, at the time in milliseconds where there is one.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const nothing = () => undefined;
// What the library touches of a browser when it is loaded.
const kept = { getItem: () => null, setItem: nothing, removeItem: nothing };
globalThis.window = Object.assign(globalThis, { addEventListener: nothing, localStorage: kept, location: { href: 'http://localhost/' } });
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };
const data = require('@grafana/data');
const { firstValueFrom } = require('rxjs');

const theme = data.createTheme({ colors: { mode: 'dark' } });
const plain = (id) => ({
  id, path: id, name: id, isCustom: id.startsWith('custom.'), process: (value) => value, shouldApply: () => true,
});
const fieldConfigRegistry = new data.Registry(() =>
  ['unit', 'decimals', 'noValue', 'mappings', 'thresholds', 'color', 'links', 'min', 'max', 'displayName'].map(plain));
data.standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(data.standardTransformers))].map((transformation) => ({
    id: transformation.id, name: transformation.name, transformation,
  })));

const numbers = (series) => (series.values ?? [series.value]);
const cell = ([, text]) => (Number.isFinite(Number(text)) ? Number(text) : null);

function lines(refId, found, legend) {
  return found.map((series) => data.toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: data.FieldType.time, values: numbers(series).map(([at]) => at * 1000) },
      {
        name: 'Value', type: data.FieldType.number, labels: series.metric, values: numbers(series).map(cell),
        config: { displayNameFromDS: legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => series.metric[label] ?? '') },
      },
    ],
  }));
}

function rows(refId, found, only) {
  if (found.length === 0) {
    return [];
  }
  const labels = [...new Set(found.flatMap((series) => Object.keys(series.metric)))].sort();
  return [data.toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: data.FieldType.time, values: found.map((series) => series.value[0] * 1000) },
      ...labels.map((label) => ({
        name: label, type: data.FieldType.string, values: found.map((series) => series.metric[label] ?? ''),
      })),
      { name: only ? 'Value' : `Value #${refId}`, type: data.FieldType.number, values: found.map((s) => cell(s.value)) },
    ],
  })];
}

function frames(panel, series) {
  const only = panel.targets.length === 1;
  return panel.targets.flatMap(({ refId, format, legendFormat }) =>
    (format === 'table' ? rows(refId, series[refId], only) : lines(refId, series[refId], legendFormat ?? '')));
}

function overridden(panel, series) {
  return data.applyFieldOverrides({
    data: series, fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'utc', fieldConfigRegistry,
  });
}

const joined = (display) => `${display.prefix ?? ''}${display.text}${display.suffix ?? ''}`;

function tiles(panel, series) {
  return data.getFieldDisplayValues({
    data: overridden(panel, series), fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text, theme, timeZone: 'utc',
  }).map(({ display, name }) => ({ row: 0, field: name ?? '', text: joined(display), color: display.color ?? null }));
}

function cells(panel, series) {
  return overridden(panel, series).flatMap((frame) => frame.fields.flatMap((field) => field.values.map((value, row) => {
    const display = field.display(value);
    const title = data.getFieldDisplayName(field, frame);
    const painted = properties(panel, title)['custom.cellOptions']?.type === 'color-background';
    return { row, field: title, text: joined(display), color: painted ? display.color : null, value };
  })));
}

function properties(panel, title) {
  const own = (panel.fieldConfig.overrides ?? []).filter(({ matcher }) => matcher.id === 'byName' && matcher.options === title);
  return Object.fromEntries(own.flatMap((override) => override.properties.map(({ id, value }) => [id, value])));
}

function blocks(panel, series) {
  return overridden(panel, series).flatMap((frame) => frame.fields
    .filter(({ type }) => type === data.FieldType.number)
    .flatMap((field) => field.values.map((value, row) => {
      const display = field.display(value);
      // A state timeline whose colours are thresholds' merges the values between two steps into one, named by its
      // range; the words of the mappings are lost.
      const merged = field.config.color?.mode === 'thresholds' && field.config.thresholds;
      const color = merged ? data.getActiveThreshold(value, merged.steps).color : display.color;
      const text = merged ? 'a range of thresholds' : joined(display);
      return {
        row, field: data.getFieldDisplayName(field, frame), text, value, at: moment(frame, row),
        color: merged ? theme.visualization.getColorByName(color) : color,
      };
    })));
}

const moment = (frame, row) => frame.fields.find(({ type }) => type === data.FieldType.time)?.values[row] ?? null;

function curves(panel, series) {
  return overridden(panel, series).flatMap((frame) => frame.fields
    .filter(({ type }) => type === data.FieldType.number)
    .flatMap((field) => field.values.map((value, row) => ({
      row, field: data.getFieldDisplayName(field, frame), text: joined(field.display(value)), value, at: moment(frame, row),
      color: data.getFieldSeriesColor(field, theme).color,
    }))));
}

async function drawn({ panel, series }) {
  const arranged = await firstValueFrom(data.transformDataFrame(panel.transformations ?? [], frames(panel, series)));
  const draw = { stat: tiles, table: cells, 'state-timeline': blocks, timeseries: curves }[panel.type];
  const found = draw ? draw(panel, arranged) : [];
  if (found.length === 0 && !arranged.some((frame) => frame.length > 0)) {
    // A state timeline has no word for it but Grafana's own.
    const own = panel.type === 'state-timeline' ? 'No data in response' : panel.fieldConfig.defaults.noValue;
    return [{ row: 0, field: '', text: own ?? 'No data', color: null }];
  }
  return found;
}

const names = Object.fromEntries(
  ['green', 'yellow', 'orange', 'red', 'blue', 'text', 'transparent'].map((name) => [theme.visualization.getColorByName(name), name]));
// The dark theme's own text, and no colour at all, as hexadecimals.
names['#ccccdc'] = 'text';
names['#00000000'] = 'transparent';
for await (const line of createInterface({ input: process.stdin })) {
  const answers = [];
  for (const asked of JSON.parse(line)) {
    answers.push((await drawn(asked)).map((each) => ({ ...each, color: names[each.color] ?? each.color })));
  }
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
process.exit(0);
