// Generated from signaling/messages.py by `python -m signaling.typescript`. Do not edit: a test compares the two.
// Times are RFC 3339 UTC strings, spans are seconds, money is in minor units.

export const PROTOCOL_VERSION = 1;

export interface Afterwards {
  /** what it gave */
  rating: Rating | null;
  /** what it was given, once that is shown (P2.1) */
  rating_of_me: Rating | null;
  rate_until: string | null;
  /** its own */
  reports: readonly Report[];
  /** about it, once they are shown (P2.1, P2.9) */
  reports_of_me: readonly Report[];
  /** that bind it, or have bound it */
  sanctions: readonly Sanction[];
  /** its attendance here does not count (P1.8) */
  excused: boolean;
  contested: boolean;
}

export interface Away {
  start: string;
  end: string;
  bridged: boolean;
}

export interface Consent {
  id: string;
  by: Role;
  status: "asked" | "given" | "refused" | "withdrawn";
  scope: string | null;
  purpose: string | null;
  /** what the one who gave it typed */
  name: string | null;
  asked_at: string;
  given_at: string | null;
  closed_at: string | null;
}

export interface Consents {
  version: number;
  consents: readonly Consent[];
}

export interface Description {
  version: number;
  type: "offer" | "answer";
  sdp: string;
  generation: number;
}

export interface Done {
  ok: true;
  version: number;
  join?: string | null;
  /** hang_up: whether that ended it, or was a stepping out (P3.8, P1.3) */
  ended?: boolean | null;
  /** report_and_leave: the number under which the report is kept */
  ticket?: string | null;
  /** test_describe: for the other connection of this page */
  sdp?: string | null;
}

export interface Draining {
  version: number;
  after_ms: number;
}

export interface End {
  reason: EndReason;
  by: Whom | null;
  at: string;
  for_cause: boolean;
  mutual_seconds: number | null;
  client: PartySummary;
  expert: PartySummary;
}

export type EndReason = "completed" | "hung_up" | "lost" | "left_page" | "safety" | "no_show" | "never_met" | "interrupted" | "ended_by_operator" | "removed" | "cancelled";

export interface Ended {
  version: number;
  view: View;
}

export interface Guidelines {
  version: string;
}

export interface Held {
  version: number;
  role: Role;
  until: string;
}

export interface IceServer {
  urls: readonly string[];
  username?: string | null;
  credential?: string | null;
}

export interface May {
  join: boolean;
  end: boolean;
  step_out: boolean;
  /** alone: from then on leaving is free (P1.3, P3.8) */
  leave_at: string | null;
  request_refund: boolean;
  /** while they are in session together (P5.3) */
  ask_consent: boolean;
  rate: boolean;
  /** what the other may be reported for now (P2.2) */
  report: readonly ("conduct" | "deception" | "privacy" | "other")[];
  /** say that the session could not be held (P3.17) */
  claim: boolean;
  /** not accept that the refund was declined (P3.12) */
  dispute: boolean;
  answer_rating: boolean;
  /** say that one's own attendance is not as it is written here (P1.8) */
  contest: boolean;
}

export interface Me {
  role: Role;
  name: string;
  accepted: boolean;
  here: boolean;
  join: string | null;
  /** the booking's, for the language of the page (BCP 47) */
  locale?: string | null;
}

export interface Money {
  amount: number;
  currency: string;
  exponent: number;
}

export interface Moved {
  version: number;
  starts_at: string;
  ends_at: string;
}

export interface Negotiate {
  version: number;
  generation: number;
}

export interface Other {
  role: Role;
  name: string;
  status: "not_here" | "checking" | "here" | "away";
  running_late_minutes?: number | null;
  /** the badge of an expert who is always on time (P1.7) */
  punctual: boolean;
  /** IANA name, from the booking: both sides' local time */
  time_zone?: string | null;
}

export interface PartySummary {
  arrived_at: string | null;
  lateness_seconds: number | null;
  attendance: string | null;
  /** seconds */
  present_seconds: number;
  away: readonly Away[];
}

export interface Peer {
  version: number;
  status: "not_here" | "checking" | "here" | "away";
  running_late_minutes?: number | null;
  microphone?: boolean | null;
  camera?: boolean | null;
  screen?: boolean | null;
}

export type Phase = "scheduled" | "waiting" | "live" | "held" | "ended" | "cancelled";

export interface Rating {
  id: string;
  stars: number;
  tags: readonly string[];
  text: string | null;
  answer: string | null;
  given_at: string;
}

export interface Refund {
  status: "none" | "eligible" | "requested" | "review" | "approved" | "declined" | "disputed" | "settled" | "expired";
  basis: string;
  max: Money | null;
  requested: Money | null;
  approved: Money | null;
  parts: readonly RefundPart[];
  until: string | null;
  note?: string | null;
}

export interface RefundPart {
  /** seconds */
  seconds: number;
  rule: string;
}

export interface Refused {
  ok: false;
  code: string;
  detail: string;
}

export interface Replaced {
  version: number;
}

export interface Report {
  ticket: string;
  category: "conduct" | "deception" | "privacy" | "other";
  status: "filed" | "upheld" | "dismissed";
  text: string | null;
  /** the reason of the decision, once there is one */
  why: string | null;
  filed_at: string;
  decided_at: string | null;
}

export interface Resumed {
  version: number;
  role: Role;
}

export type Role = "client" | "expert";

export interface Sanction {
  id: string;
  basis: "conduct" | "deception" | "privacy" | "operator";
  measure: "hold" | "suspension" | "permanent";
  roles: readonly Role[];
  imposed_at: string;
  until: string | null;
  lifted_at: string | null;
  /** the sessions of the reports it stands on */
  sessions: readonly string[];
  rules: readonly string[];
  /** an operator's words */
  reason: string | null;
  /** the country whose law it names (P4.1) */
  law: string | null;
  appeal: "pending" | "granted" | "refused" | null;
  appeal_reason: string | null;
  /** it may be appealed until then; null: not, or not anymore */
  appeal_until: string | null;
}

export interface ServerMessage {
  version: number;
}

export interface Snapshot {
  version: number;
  protocol: number;
  view: View;
  ice_servers: readonly IceServer[];
}

export interface TimeWarning {
  version: number;
  /** seconds */
  remaining_seconds: number;
}

export interface View {
  id: string;
  version: number;
  server_time: string;
  status: Phase;
  title: string | null;
  opens_at: string;
  starts_at: string;
  ends_at: string;
  met: boolean;
  me: Me;
  other: Other;
  guidelines: Guidelines;
  may: May;
  /** what the client paid, for saying what leaving early would give back (P3.4) */
  fee: Money | null;
  /** who steps out has so long before the other may leave (P3.5) */
  reconnect_grace_seconds: number;
  /** time for which the expert was absent so far, as far as it may be asked back (P3.18) */
  expert_absence_seconds: number;
  /** held: the absent one's grace ends then */
  held_until: string | null;
  consents: readonly Consent[];
  end: End | null;
  refund: Refund | null;
  afterwards?: Afterwards | null;
}

export type Whom = "client" | "expert" | "both" | "platform" | "operator";

export interface CloseTestCommand {
  command_id: string;
}

export interface Command {
  command_id: string;
}

export interface ConsentCommand {
  command_id: string;
  act: "ask" | "give" | "refuse" | "withdraw";
  /** which one is answered; none when asking */
  request?: string | null;
  /** ask: what */
  scope?: string | null;
  /** ask: why */
  purpose?: string | null;
  /** give: typed */
  name?: string | null;
}

export interface DescribeCommand {
  command_id: string;
  type: "offer" | "answer";
  sdp: string;
  generation: number;
}

export interface DescribeTestCommand {
  command_id: string;
  sdp: string;
}

export interface HangUpCommand {
  command_id: string;
  cause?: "no_media" | "not_the_person" | "conduct" | "other" | null;
  /** the join it was pressed in: with an older one it is stale */
  join?: string | null;
}

export interface Hello {
  token: string;
  protocol: number;
}

export interface JoinCommand {
  command_id: string;
  guidelines?: string | null;
  resume?: string | null;
}

export interface MediaCommand {
  command_id: string;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

export interface OpenTestCommand {
  command_id: string;
}

export interface QualityCommand {
  command_id: string;
  /** what the page shows; none: nothing comes in */
  level?: "good" | "fair" | "poor" | "none" | null;
  round_trip_ms?: number | null;
  loss_percent?: number | null;
  bitrate_kbps?: number | null;
}

export interface ReportAndLeaveCommand {
  command_id: string;
  category: "conduct" | "deception" | "privacy" | "other";
  text?: string | null;
  /** the join it was pressed in: with an older one it is stale */
  join?: string | null;
}

export interface RestartCommand {
  command_id: string;
}

export interface RunningLateCommand {
  command_id: string;
  minutes: number;
}

export interface StepOutCommand {
  command_id: string;
}

export type Ack = Done | Refused;

export interface Commands {
  join: JoinCommand;
  describe: DescribeCommand;
  restart: RestartCommand;
  hang_up: HangUpCommand;
  step_out: StepOutCommand;
  running_late: RunningLateCommand;
  consent: ConsentCommand;
  report_and_leave: ReportAndLeaveCommand;
  media: MediaCommand;
  quality: QualityCommand;
  test_open: OpenTestCommand;
  test_describe: DescribeTestCommand;
  test_close: CloseTestCommand;
}

export interface Events {
  snapshot: Snapshot;
  peer: Peer;
  negotiate: Negotiate;
  description: Description;
  held: Held;
  resumed: Resumed;
  moved: Moved;
  warning: TimeWarning;
  consent: Consents;
  ended: Ended;
  replaced: Replaced;
  draining: Draining;
}
