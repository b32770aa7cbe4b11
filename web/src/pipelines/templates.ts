/** Pipelines to begin with, as the server ships them; none from one that has none. */
import { pipelines as api, type Template } from '../api/pipelines';
import { Problem } from '../api/problem';

let known: Promise<Template[]> | undefined;

export function templates(): Promise<Template[]> {
  known ??= api.templates().then(
    (found) => found.templates,
    (thrown: unknown) => {
      known = undefined;
      if ([400, 404, 405].includes(Problem.of(thrown).status)) return [];
      throw thrown;
    },
  );
  return known;
}
