/** The wire, as the server writes it. */

export type Role = 'viewer' | 'member' | 'admin' | 'owner';

export interface Passkey { passkey_id: string; name: string; is_synced: boolean; created_at: string; last_used_at?: string }
export interface Passkeys {
  passkeys: Passkey[];
  /** The one origin at which they work. */
  origin?: string;
  /** Why they work nowhere. */
  unavailable?: string;
}
export interface User {
  user_id: string;
  name: string;
  email: string;
  has_password: boolean;
  has_totp: boolean;
  /** How many recovery codes are unused, while two-step sign-in is on. */
  recovery_codes_left?: number;
  is_operator: boolean;
  passkey_count: number;
}
export interface Workspace { workspace_id: string; name: string; plan: string; role: Role; is_default?: boolean }
export interface ServerFacts {
  version: string;
  public_url: string;
  upload_max_bytes: number;
  mail_configured: boolean;
  trash_days: number;
  /** Whether credits or plans are sold here. */
  sells: boolean;
}
export interface Me { user: User; workspace: Workspace; workspaces: Workspace[]; csrf_token: string; server: ServerFacts }
export interface SessionView {
  session_id: string;
  created_at: string;
  last_used_at: string;
  user_agent?: string;
  address?: string;
  is_current: boolean;
}

export type AssetType = 'image' | 'video' | 'audio' | '3d';
export type AssetSource = 'upload' | 'import' | 'edit' | 'generate';
export interface Asset {
  asset_id: string;
  type: AssetType;
  content_type: string;
  title: string;
  width: number;
  height: number;
  size_bytes: number;
  source: AssetSource;
  tags?: string[];
  colors: string[];
  thumb_hash?: string;
  has_alpha: boolean;
  duration_seconds?: number;
  frame_rate?: number;
  has_audio?: boolean;
  created_at: string;
  url: string;
  thumbnail_url?: string;
  /** Of a video: a short loop, where there is one. */
  preview_url?: string;
  /** The still picture of a video. */
  poster_url?: string;
  url_expires_at: string;
}
export interface TrashedAsset extends Asset { deleted_at: string; purge_at: string }
export interface Recipe {
  operation: string;
  version: number;
  arguments: Record<string, unknown>;
  model?: string | null;
  seed?: number | null;
  parents: string[];
}
/** A tool call, as agents write it: `{tool: "edit_image", arguments: {action: "upscale", …}}`. */
export interface ToolCall { tool: string; arguments: Record<string, unknown> }
export interface Provenance {
  digital_source_type?: string;
  creator_tool?: string;
  content_credentials?: {
    state: string;
    signed_by?: string;
    made_with?: string;
    actions?: string[];
    ingredients?: string[];
    problems?: string[];
  };
}
export interface AssetDetails extends Asset {
  recipe?: Recipe;
  make_again?: ToolCall;
  job_id?: string;
  provenance?: Provenance;
  children?: string[];
  parents?: Asset[];
  notes?: string[];
  frames: number;
  codec?: string;
  channels?: number;
  sample_rate?: number;
}
export interface Page { next_cursor?: string }
export interface Assets extends Page { assets: Asset[] }
export interface Count { name: string; count: number }
export interface Facets { tags: Count[]; models: Count[]; sources: Count[]; types: Count[] }
export interface UploadTicket { upload_id: string; upload_url: string; max_bytes: number; expires_at: string }

export interface Collection {
  collection_id: string;
  name: string;
  description?: string;
  asset_count: number;
  cover_asset_id?: string;
  /** Asked for in the contract; used as soon as it is there. */
  cover_url?: string;
  created_at: string;
  updated_at: string;
}
export interface Collections extends Page { collections: Collection[] }
export interface CollectionDetails extends Collection, Assets {}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export interface JobOutput {
  asset_id: string;
  url: string;
  content_type: string;
  width: number;
  height: number;
  size_bytes: number;
  title: string;
  before?: { asset_id: string; url: string; width: number; height: number };
}
export interface JobError { code: string; message: string; hint?: string; retryable?: boolean }
export interface JobItem { index: number; job_id: string; status: JobState; outputs?: JobOutput[]; error?: JobError }
export interface Job {
  job_id: string;
  status: JobState;
  operation: string;
  model?: string;
  progress: number;
  stage?: string;
  outputs: JobOutput[];
  result?: Record<string, unknown>;
  items?: JobItem[];
  error?: JobError;
  price_credits: number;
  charged_credits?: number;
  created_at?: string;
  finished_at?: string;
  /** Asked for in the contract; used as soon as it is there. */
  make_again?: ToolCall;
}
export interface Jobs extends Page { jobs: Job[] }
export interface JobEvent { job_id: string; parent?: string; status: JobState; progress: number; stage?: string }

export interface Model {
  id: string;
  name: string;
  type: AssetType;
  description: string;
  best_for: string;
  label?: string;
  capabilities: Record<string, boolean>;
  price: { per_output: number; per_megapixel: number; per_second: number; tiers?: unknown[] };
  quality_rating: number;
  pricing_rating: number;
  speed: string;
  license: string;
  deprecation?: { since: string; sunset?: string; replacement?: string } | null;
  /** What is missing before it can be used, such as a key. */
  needs?: string;
}
export interface Shape { slug: string; name: string; aspect_ratio: string; width: number; height: number }
export interface Style { slug: string; name: string; category: string; prompt: string }
export interface Estimate { price_credits: number; operation: string; model?: string; affordable: boolean }

export type JsonSchema = {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  contentMediaType?: string;
  enum?: unknown[];
  const?: unknown;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  format?: string;
};

export interface Share {
  share_id: string;
  url: string;
  title?: string;
  kind: 'selection' | 'collection';
  collection_id?: string;
  asset_count: number;
  has_password: boolean;
  allow_downloads: boolean;
  expires_at?: string;
  state: 'live' | 'expired' | 'revoked';
  view_count: number;
  last_viewed_at?: string;
  created_at: string;
}
export interface Shares extends Page { share_links: Share[] }
export interface ShareContents extends Assets { share: Share }

export interface Funds { available: number; held: number; spent: number }
export interface Balances {
  balance?: number;
  spends_from: 'plan_units' | 'api';
  plan: string;
  unlimited: boolean;
  plan_units: Funds;
  api: Funds;
  credits_url: string;
}
export type UsageBy = 'day' | 'model' | 'key' | 'operation';
export interface Charge {
  job_id: string;
  operation: string;
  model?: string;
  key_id?: string;
  balance: string;
  credits: number;
  at: string;
}
export interface Total { group: string; credits: number; jobs: number }
export interface Usage extends Page { charges?: Charge[]; totals?: Total[] }

export interface Member { user_id: string; name: string; email: string; role: Role; joined_at: string; is_you: boolean }
export interface Invite { invite_id: string; email?: string; role: Role; created_at: string; expires_at: string }
export interface Members { members: Member[]; invites?: Invite[] }
export interface NewInvite { invite_id: string; url: string; role: Role; email?: string; expires_at: string; mailed: boolean }
export interface ApiKey {
  key_id: string;
  name: string;
  prefix: string;
  last4: string;
  scopes: string[];
  balance: string;
  created_at: string;
  expires_at?: string;
  last_used_at?: string;
  revoked_at?: string;
  created_by?: string;
}
export interface NewKey { key_id: string; name: string; secret: string; scopes: string[]; expires_at?: string }
export interface ConnectedApp {
  grant_id: string;
  client_name: string;
  client_id: string;
  redirect_host: string;
  scopes: string[];
  workspace_id: string;
  workspace_name: string;
  created_at: string;
  last_used_at?: string;
  is_yours: boolean;
  user_name: string;
}

export interface Overview {
  version: string;
  uptime_s: number;
  database: string;
  users: number;
  workspaces: number;
  assets: number;
  asset_bytes: number;
  jobs: { queued: number; running: number; failed_24h: number; succeeded_24h: number };
  engines: { name: string; kind: string; status: string }[];
  models_installed: { name: string; task: string; licence: string }[];
  checks: { name: string; ok: boolean; detail: string }[];
}
export interface AdminUser {
  user_id: string;
  name: string;
  email: string;
  created_at: string;
  is_operator: boolean;
  disabled_at?: string;
  workspaces: number;
  last_seen_at?: string;
}
export interface AuditRow {
  at: string;
  action: string;
  outcome: string;
  workspace_id?: string;
  user_id?: string;
  key_id?: string;
  address?: string;
  target?: string;
  request_id: string;
}
export interface AdminWorkspace {
  workspace_id: string;
  name: string;
  plan: string;
  created_at: string;
  members: number;
  assets: number;
  balances: { plan_units: number; api: number };
}
export type PlanView = { name: string } & Record<string, string | number | boolean>;

export interface Money { minor: number; currency: string; decimals: number; text: string }
export interface Offer {
  price: string;
  title: string;
  plan?: string;
  plan_units: number;
  api_credits: number;
  /** Absent while the payment provider does not tell. */
  amount?: Money;
  every?: string;
}
export interface Subscription { plan: string; status: string; period_end?: string; cancel_at?: string; plan_until?: string }
export interface Shop { packs: Offer[]; plans: Offer[]; subscription?: Subscription; can_manage: boolean }
export type OrderState = 'pending' | 'paid' | 'failed' | 'expired' | 'refunded';
export interface Order {
  order_id: string;
  kind: 'pack' | 'plan' | 'renewal';
  title: string;
  state: OrderState;
  plan?: string;
  plan_units: number;
  api_credits: number;
  amount?: Money;
  refunded?: Money;
  credits_taken_back?: number;
  credits_missing?: number;
  is_granted: boolean;
  has_receipt: boolean;
  created_at: string;
  paid_at?: string;
}
export interface Orders extends Page { orders: Order[] }
