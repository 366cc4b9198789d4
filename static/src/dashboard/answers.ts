/** What the server answers, as far as the dashboard shows it (docs/api.md has all of it). Shapes only. */

import type { EndReason, Role, Whom } from "../protocol";

/** Minor units of an ISO 4217 currency. */
export interface Money {
  amount: number;
  currency: string;
}

export interface List<T> {
  data: T[];
  next_cursor: string | null;
}

export type Right = "look" | "note" | "link" | "end" | "cancel_range" | "moderate" | "refund" | "endpoints" | "admin";

export interface Me {
  kind: "operator" | "key";
  id: string;
  name: string;
  role: string | null;
  rights: Right[];
  csrf: string;
  signed_in_at: string;
  until: string;
  idle_seconds: number;
  server_time: string;
}

export interface Setup {
  name: string;
  role: string;
  secret: string;
  uri: string;
  qr: string;
  until: string;
}

// --- sessions --------------------------------------------------------------------------------------------------------

export type Status = "scheduled" | "waiting" | "live" | "held" | "ended" | "cancelled";
export type Attendance = "on_time" | "late" | "no_show";
export type RefundStatus =
  | "none"
  | "eligible"
  | "requested"
  | "review"
  | "approved"
  | "declined"
  | "disputed"
  | "settled"
  | "expired";

export interface Party {
  id: string;
  name: string;
  email: string | null;
  time_zone: string | null;
  locale: string | null;
  country: string | null;
  guidelines: "accepted" | "declined" | null;
  arrived_at: string | null;
  lateness_seconds: number | null;
  attendance: Attendance | null;
}

export interface End {
  reason: EndReason;
  by: Whom | null;
  at: string;
  decided_at: string;
  note: string | null;
  for_cause: string | null;
  unlapsed_seconds: number | null;
  present_seconds: Record<Role, number>;
  mutual_seconds: number | null;
  hung_up_by: Role | null;
  first_out: Role | null;
  flags: string[];
}

export interface Refund {
  status: RefundStatus;
  basis: string;
  max: Money | null;
  requested: Money | null;
  approved: Money | null;
  parts: { seconds: number; rule: string }[];
  until: string | null;
  note: string | null;
  reference: string | null;
  rules: string[];
  terms: string;
}

export interface Session {
  id: string;
  status: Status;
  version: number;
  title: string | null;
  starts_at: string;
  ends_at: string;
  opens_at: string;
  duration_minutes: number;
  client: Party;
  expert: Party;
  fee: Money | null;
  expert_fee_factor_bps: number | null;
  expert_fee: Money | null;
  end: End | null;
  refund: Refund | null;
  terms: string;
  links: { client: string | null; expert: string | null } | null;
}

export interface LedgerEntry {
  seq: number;
  at: string;
  kind: string;
  role: Role | null;
  data: string;
  hash: string;
}

export interface Quality {
  level: "good" | "fair" | "poor" | "bad" | null;
  at: string;
  round_trip_ms: number | null;
  loss_percent: number | null;
}

export interface LiveParty {
  id: string;
  name: string;
  presence: "here" | "away" | "not_here";
  since: string | null;
  away_since?: string | null;
  lateness_seconds: number | null;
  attendance: Attendance | null;
  quality: Quality | null;
}

export interface LiveSession {
  id: string;
  version: number;
  title: string | null;
  status: Status;
  starts_at: string;
  ends_at: string;
  remaining_seconds: number;
  met_at: string | null;
  media: boolean;
  held_until: string | null;
  client: LiveParty;
  expert: LiveParty;
}

export interface Live {
  server_time: string;
  more: boolean;
  data: LiveSession[];
}

export interface Overview {
  server_time: string;
  now: { live: number; held: number; waiting: number };
  day: Record<"scheduled" | "waiting" | "live" | "held" | "ended" | "cancelled" | "flagged", number>;
  cases: { open: number; overdue: number; mine: number; by_kind: Record<string, number> };
  post: { pending: number; failed: number; disabled_endpoints: number };
}

// --- the story of a session ------------------------------------------------------------------------------------------

export type SpanKind = "waiting" | "connected" | "gap";

export interface StorySpan {
  kind: SpanKind;
  from: string;
  to: string;
  open: boolean;
  how?: string;
  noticed_at?: string;
  grace_until?: string;
  bridged?: boolean;
  returned?: boolean;
}

export interface StoryMark {
  at: string;
  kind: string;
  role: Role | null;
  detail: Record<string, unknown>;
}

export interface Stretch {
  from: string;
  to: string;
}

export interface Revision {
  at: string;
  by: string;
  name: string | null;
  reason: string | null;
  client: unknown;
  expert: unknown;
  refund_max: Money | null;
}

export interface PartyInputs {
  arrived_at: string | null;
  lateness_seconds: number | null;
  attendance: Attendance | null;
  present_seconds: number;
}

export interface Why {
  settled_at: string;
  reason: EndReason;
  by: Whom | null;
  rules: string[];
  sentences: { rule: string; text: string }[];
  inputs: {
    duration_seconds: number;
    fee: Money | null;
    absence_seconds: number;
    mutual_seconds: number | null;
    client: PartyInputs;
    expert: PartyInputs;
  };
  parts: { seconds: number; rule: string; spans?: Stretch[] }[];
  formula: {
    numerator_ms: number;
    denominator_ms: number;
    fee: number;
    max: number;
    bound: "measured" | "fee" | "none";
  } | null;
  terms: { hash: string; values: Record<string, number | boolean | string | unknown[]> };
  head: string;
  revisions: Revision[];
}

export interface Story {
  id: string;
  version: number;
  status: Status;
  as_of: string;
  window: { opens_at: string; starts_at: string; ends_at: string; no_show_at: string | null; booked_at: string };
  lanes: { role: Role; spans: StorySpan[] }[];
  both: Stretch[];
  service_away: Stretch[];
  marks: StoryMark[];
  media: { role: Role; track: "microphone" | "camera" | "screen"; from: string; to: string | null; on: boolean }[];
  moves: {
    at: string;
    by: Whom | null;
    from: { starts_at: string; ends_at: string };
    to: { starts_at: string; ends_at: string };
  }[];
  why: Why | null;
  checks: { entries: number; head: string; chain: boolean; settled_head: boolean | null; replayed: boolean | null };
}

/** What a page measured; null where it could not. */
export interface QualitySample {
  at: string;
  round_trip_ms: number | null;
  loss_percent: number | null;
  level: string | null;
}

export type QualityAnswer = Record<Role, QualitySample[]>;

export interface Note {
  id: string;
  session: string | null;
  person: string | null;
  text: string;
  by: { id: string; name: string | null };
  at: string;
  mine: boolean;
}

// --- persons ---------------------------------------------------------------------------------------------------------

export interface PersonRef {
  id: string;
  pseudonym: string;
}

export interface Recent {
  session: string;
  starts_at: string;
  attendance: Attendance | null;
  lateness_seconds: number | null;
}

export interface PersonSummary extends PersonRef {
  name: string | null;
  badge: boolean;
  punctuality_bps: number | null;
  counted: number;
  fee_factor_bps: number;
  complaints: number;
  sanctioned: boolean;
  erased_at: string | null;
  recent?: Recent[] | null;
}

export interface Decided {
  at: string;
  by: string | null;
  reason: string | null;
}

export interface Rating {
  id: string;
  session: string;
  role: Role;
  by: PersonRef;
  stars: number;
  tags: string[];
  text: string | null;
  answer: string | null;
  given_at: string;
  hidden_until: string | null;
  voided: Decided | null;
}

export type Category = "conduct" | "deception" | "privacy" | "other";

export interface Complaint {
  id: string;
  session: string;
  accused: PersonRef;
  role: Role;
  by: PersonRef;
  category: Category;
  filed_as: Category;
  status: "filed" | "upheld" | "dismissed";
  met: boolean;
  consented: boolean;
  safety: boolean;
  text: string | null;
  filed_at: string;
  counts: boolean;
  counting: { complainants: number; threshold: number };
  acts: (Decided & { act: "upheld" | "dismissed" | "recategorised"; category: Category | null })[];
}

export interface Sanction {
  id: string;
  person: PersonRef;
  basis: string;
  measure: "hold" | "suspension" | "permanent";
  roles: Role[];
  imposed_at: string;
  until: string | null;
  in_force: boolean;
  complaints: string[];
  sessions: string[];
  rules: string[];
  terms: string;
  by: string | null;
  reason: string | null;
  law: string | null;
  replaces: string | null;
  lifted: (Decided & { why: string }) | null;
  appeal: {
    status: "pending" | "granted" | "refused";
    at: string;
    text: string | null;
    decided: Decided | null;
  } | null;
  appeal_until: string;
}

export interface SlotWord {
  session: string;
  starts_at: string;
  at: string;
  by: string | null;
  text: string | null;
  waiting?: boolean;
}

export interface CountedSlot {
  session: string;
  starts_at: string;
  ends_at: string;
  client: string;
  attendance: Attendance | null;
  lateness_seconds: number | null;
}

export interface Person extends PersonRef {
  /** Under which it was booked last. */
  name: string | null;
  known_since: string;
  erased_at: string | null;
  bookable: Record<Role, boolean>;
  badge: boolean;
  punctuality: {
    bps: number | null;
    counted: (CountedSlot & { score_bps: number; weight: number })[];
    passed_over: (CountedSlot & { why: string })[];
  };
  fee_factor: {
    bps: number;
    reasons: { rule: string; bps: number; why: string; of: string[] }[];
    rules: string[];
    terms: string;
  };
  ratings: {
    as_expert: { count: number; mean: number } | null;
    as_client: { count: number; mean: number } | null;
    data: Rating[];
  };
  sanctions: Sanction[];
  excuses: SlotWord[];
  contests: SlotWord[];
  complaints: Complaint[] | null;
  signals: { kind: string; complaints: string[]; by: PersonRef[] }[] | null;
}

export interface PunctualitySlot extends Recent {
  excused: boolean;
  score_bps: number | null;
  bps: number | null;
}

export interface PunctualitySeries {
  data: PunctualitySlot[];
  late_grace_seconds: number;
  late_zero_seconds: number;
}

// --- the desk's own --------------------------------------------------------------------------------------------------

export type CaseKind = "refund" | "complaint" | "appeal" | "hold" | "flag" | "contest";
export type CaseState = "open" | "waiting" | "closed";

export interface Case {
  id: string;
  kind: CaseKind;
  state: CaseState;
  opened_at: string;
  due_at: string;
  overdue: boolean;
  closed_at: string | null;
  assignee: { id: string; name: string | null } | null;
  session: string | null;
  subject: string;
  person: PersonRef | null;
  summary: {
    status: string | null;
    category: string | null;
    amount: Money | null;
    flags: string[] | null;
    title: string | null;
  };
  version: number;
}

export interface Operator {
  id: string;
  name: string;
  role: string;
  state: "active" | "invited" | "revoked";
  created_at: string;
  last_signed_in_at: string | null;
  setup_link?: string;
  setup_until?: string;
}

export interface Key {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  revoked_at: string | null;
  secret?: string;
}

export interface AuditEntry {
  seq: number;
  at: string;
  who: string;
  name?: string | null;
  act: string;
  subject: string;
  reason: string | null;
  data: string;
  hash: string;
}

// --- webhooks --------------------------------------------------------------------------------------------------------

export interface Endpoint {
  id: string;
  url: string;
  description: string | null;
  events: string[];
  status: "enabled" | "disabled";
  disabled_why: string | null;
  failing_since: string | null;
  failures: number;
  old_secret_until: string | null;
  created_at: string;
  updated_at: string;
  secret?: string;
}

export interface Delivery {
  id: string;
  endpoint: string;
  event: string;
  type: string;
  stream: string;
  sequence: number;
  status: "pending" | "delivered" | "failed";
  attempts: number;
  sending: boolean;
  next_attempt_at: string | null;
  created_at: string;
  finished_at: string | null;
}

export interface Attempt {
  at: string;
  took_ms: number;
  status: number | null;
  error: string | null;
  answer: string | null;
}

export interface DeliveryWhole extends Delivery {
  body: string;
  tried: Attempt[];
}

export interface SessionDeliveries {
  data: { event: string; type: string; sequence: number; at: string; deliveries: Delivery[] }[];
  letters?: {
    role: Role;
    kind: string;
    status: string;
    why: string | null;
    due_at: string | null;
    finished_at: string | null;
  }[];
}

// --- figures ---------------------------------------------------------------------------------------------------------

export interface Health {
  at: string;
  relay: {
    sessions: number;
    legs: number;
    packets: number;
    bytes: number;
    workers: number;
    worker_restarts: number;
    drops: Record<string, number>;
  };
  sockets: number;
  loop_lag_ms: number | null;
  outbox: {
    unhanded: number;
    pending: number;
    failed: number;
    oldest_due_seconds: number;
    disabled_endpoints: number;
  };
  letters: { pending: number; failed: number; oldest_due_seconds: number };
  sign_of_life_age_seconds: number | null;
  database_ms: number | null;
  draining: boolean;
  phases: Record<string, number>;
  self_test: { at: string; ok: boolean; first_frame_seconds: number | null; failed: string | null } | null;
  history: {
    at: string;
    loop_lag_ms: number | null;
    legs: number;
    packets_per_second: number;
    bits_per_second: number;
    sockets: number;
  }[];
}

export interface Lateness {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  bins: { from: number; to: number | null; count: number }[];
}

export interface Statistics {
  from: string;
  to: string;
  time_zone: string;
  sessions: number;
  /** There were more than are looked at. */
  partial: boolean;
  lateness: Record<Role, Lateness>;
  attendance: Record<Role, Record<"on_time" | "late" | "no_show" | "nothing", number>>;
  outcomes: { day: string; counts: Record<string, number> }[];
  refunds: {
    basis: string;
    currency: string;
    count: number;
    possible: number;
    requested: number;
    approved: number;
  }[];
  minutes: { day: string; booked: number; client: number; expert: number; mutual: number }[];
  totals: Record<"booked" | "client" | "expert" | "mutual", number>;
  quality: {
    round_trip_ms: Record<"p50" | "p95" | "p99", number | null>;
    loss_percent: Record<"p50" | "p95" | "p99", number | null>;
    samples: number;
    by_day: {
      day: string;
      round_trip_p50: number | null;
      round_trip_p95: number | null;
      loss_p50: number | null;
      loss_p95: number | null;
    }[];
  } | null;
}

// --- many at once ----------------------------------------------------------------------------------------------------

export interface BulkItem {
  session: string;
  starts_at: string | null;
  outcome: "done" | "unchanged" | "refused";
  code: string | null;
  detail: string | null;
  would: {
    refund_status: RefundStatus | null;
    refund_max: Money | null;
    /** Attendance that would stand instead; null: as it was. */
    client: { attendance: Attendance | null; lateness_seconds: number | null } | null;
    expert: { attendance: Attendance | null; lateness_seconds: number | null } | null;
    lost_seconds: number | null;
  } | null;
}

export interface Bulk {
  dry_run: boolean;
  more: boolean;
  counts: Record<"done" | "unchanged" | "refused", number>;
  items: BulkItem[];
}
