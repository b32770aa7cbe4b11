/** A job: what it makes, as it comes. */
import '../look.css';
import { connect } from '../bridge';
import { root } from '../dom';
import { jobPanel } from '../parts/jobpanel';

const panel = jobPanel(root());
panel.start({});
void connect('job', {
  input: panel.input,
  result: panel.accept,
  abandoned: panel.abandoned,
  context: panel.context,
});
