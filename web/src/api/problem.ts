/** A failure as the server tells it (RFC 9457), or one of our own when no answer came. */
export interface ProblemBody {
  status: number;
  code: string;
  message: string;
  hint?: string;
  retryable?: boolean;
  retry_after_s?: number;
  field?: string;
  upgrade_url?: string;
  request_id?: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly isRetryable: boolean;
  readonly upgradeUrl: string | undefined;
  readonly requestId: string | undefined;

  constructor(body: ProblemBody) {
    super(body.message);
    this.status = body.status;
    this.code = body.code;
    this.hint = body.hint;
    this.field = body.field;
    this.isRetryable = body.retryable ?? false;
    this.upgradeUrl = body.upgrade_url;
    this.requestId = body.request_id;
  }

  /** Whatever was thrown, as something that can be shown. */
  static of(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new Problem({ status: 0, code: 'app', message });
  }

  /** Reads an answer that is not a success. */
  static read(status: number, text: string): Problem {
    try {
      const body = JSON.parse(text) as Partial<ProblemBody> & { detail?: string; title?: string };
      const message = body.message ?? body.detail ?? body.title;
      if (message) return new Problem({ ...body, status, code: body.code ?? 'unknown', message });
    } catch {
      // Not JSON: a proxy in between answered.
    }
    const message = status === 413 ? 'The file is larger than this server takes.' : `The server answered ${status}.`;
    return new Problem({ status, code: 'unknown', message, retryable: status >= 500 });
  }

  static offline(): Problem {
    return new Problem({
      status: 0,
      code: 'offline',
      message: 'The server cannot be reached.',
      hint: 'Check the connection, then try again.',
      retryable: true,
    });
  }
}
