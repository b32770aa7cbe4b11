/** A form for one model; what it makes is shown in its place. */
import '../look.css';
import * as host from '../bridge';
import { connect, type Json, type ToolResult } from '../bridge';
import { h, problemBox, render, root } from '../dom';
import { orderOn, place, schemaForm, type Order } from '../parts/form';
import { jobPanel } from '../parts/jobpanel';
import { problemOf } from '../parts/work';
import { label } from '../words';

const page = root();
const panel = jobPanel(page, back);
let form: { start: (values: Json) => void } | undefined;
let given: Json = {};
let isJob = false;
let isLate = false;

/** From a result to the form that makes another one: of the model, or of the tool that was called. */
function back(): void {
  const schema = host.toolSchema();
  if (!form && schema?.properties) {
    const model = String(given.model ?? '');
    form = schemaForm(page, { id: model, name: model ? label(model) : 'Generate', schema, about: model || 'The best model that there is' }, orderOn(host.toolName(), model), made);
  }
  // What the host changes from now on concerns the form.
  if (form) isJob = false;
  form?.start(given);
}

function made(placed: Order): void {
  isJob = true;
  given = { ...given, ...placed.args, ...(placed.args.inputs as Json | undefined) };
  void place(placed, panel);
}

function read(result: ToolResult): void {
  isLate = true;
  const own = result.structuredContent ?? {};
  // A tool that generates shows a job; one that tells a schema, a form.
  const schema = (own.input_schema ?? own.inputSchema ?? own.schema ?? (own.properties ? own : undefined)) as Json | undefined;
  if (!schema || result.isError) {
    if (own.job_id || own.batchId || own.outputs || own.images || host.toolName()?.startsWith('generate')) {
      isJob = true;
      panel.start({ tool: host.toolName(), args: given });
      panel.accept(result);
      return;
    }
    const problem = problemOf(own, host.textOf(result) || 'There is no form for this.');
    render(page, problemBox(problem));
    return;
  }
  const model = String(own.model ?? own.model_id ?? own.id ?? given.model ?? given.model_id ?? '');
  form = schemaForm(page, { id: model, name: own.name ?? label(model.replace(/^.*\//, '')), schema, about: model },
    orderOn(host.toolName() ?? 'models', model), made);
  form.start(given);
}

render(page, h('div', { class: 'stack', 'aria-busy': 'true' }, [0, 1, 2].map(() => h('div', { class: 'skeleton', vars: { height: '48px' } }))));
void connect('form', {
  input: (args, isWhole) => {
    given = args;
    // While a picture is made in one step, its place is shown.
    if (!isLate && host.toolName()?.startsWith('generate')) { isJob = true; panel.input(args, isWhole); }
  },
  result: read,
  abandoned: panel.abandoned,
  context: () => { if (isJob) panel.context(); },
});
