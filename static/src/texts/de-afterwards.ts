/** Every word of what comes after a session, in German. */

import type { AfterwardsTexts } from "./shape";

const upheld = "Wir haben es uns angesehen und einen Verstoß gegen unsere Regeln gefunden.";
const dismissed = "Wir haben es uns angesehen und keinen Verstoß gefunden.";
const enough =
  "Wenn genügend verschiedene Menschen melden, wie sie behandelt wurden, enden die Buchungen: beim ersten Mal für eine Weile, beim zweiten Mal auf Dauer.";
const forGood = "Wenn genügend verschiedene Menschen so etwas melden, enden die Buchungen auf Dauer.";

export const deAfterwards: AfterwardsTexts = {
  rating: {
    heading: (name) => `Wie war es mit ${name}?`,
    stars: "Ihre Bewertung",
    star: (count) =>
      ({
        1: "1 Stern: gar nicht gut",
        2: "2 Sterne: nicht so gut",
        3: "3 Sterne: in Ordnung",
        4: "4 Sterne: gut",
        5: "5 Sterne: sehr gut",
      })[count] ?? "",
    none: "Noch nicht gewählt",
    missing: "Bitte wählen Sie einen bis fünf Sterne.",
    tags: "Was ist aufgefallen?",
    tag: {
      helpful: "hilfreich",
      clear: "verständlich",
      prepared: "gut vorbereitet",
      kind: "freundlich",
      unclear: "schwer zu verstehen",
      unprepared: "nicht vorbereitet",
      unkind: "nicht freundlich",
      technical_trouble: "technische Schwierigkeiten",
    },
    text: "Möchten Sie etwas hinzufügen?",
    closed: (name, until) =>
      `Sie bleibt verschlossen, bis Sie beide bewertet haben, oder bis ${until}. Dann kann ${name} sie lesen und einmal antworten.`,
    send: "Bewertung senden",
    sent: "Danke. Ihre Bewertung ist gespeichert.",
    mine: (name) => `Ihre Bewertung von ${name}`,
    answered: (name) => `${name} hat geantwortet:`,
    open: (name) => `${name} kann sie jetzt lesen.`,
    theirs: (name) => `${name} hat die Sitzung mit Ihnen bewertet`,
    theirsLater: (name, until) =>
      `Falls ${name} Sie bewertet, können Sie es hier lesen, wenn Sie beide bewertet haben, oder ab ${until}.`,
    answer: "Ihre Antwort",
    answerHelp: (name) => `Sie können einmal antworten. ${name} kann es lesen.`,
    answerMissing: "Bitte schreiben Sie eine Antwort.",
    answerSend: "Antwort senden",
    answerSent: "Ihre Antwort ist gespeichert.",
    answerMine: "Sie haben geantwortet:",
    over: "Die Zeit zum Bewerten ist vorbei.",
  },

  report: {
    heading: "Etwas melden",
    open: "Meldung schreiben",
    about: (name) => `Jemand aus unserem Team liest sie. Sie betrifft ${name}, in dieser Sitzung.`,
    missing: "Bitte wählen Sie, worum es geht.",
    text: "Was ist geschehen?",
    told: (name, from) =>
      `${name} kann die Art der Meldung und Ihren Text ab ${from} lesen, oder sobald Sie beide bewertet haben. Wir nennen Ihren Namen nicht; was Sie schreiben, kann zeigen, wer Sie sind.`,
    toldLater: (name) =>
      `Später kann ${name} die Art der Meldung und Ihren Text lesen. Wir nennen Ihren Namen nicht; was Sie schreiben, kann zeigen, wer Sie sind.`,
    send: "Meldung senden",
    sent: (ticket) => `Ihre Meldung ist bei uns. Sie hat die Nummer ${ticket}.`,
    ticket: (ticket) => `Meldung ${ticket}`,
    filed: (at) => `Gesendet ${at}`,
    status: { filed: "Sie ist bei uns. Was daraus wird, steht dann hier.", upheld, dismissed },
    why: "Warum:",
    gone: "Der Text wird nicht mehr aufbewahrt.",
    noText: "Ohne Text.",
  },

  said: {
    heading: "Was über Sie gesagt wurde",
    about:
      "Wir nennen keinen Namen. Aus dem Text kann hervorgehen, wer ihn geschrieben hat; bitte schreiben Sie dieser Person nicht deswegen.",
    status: { filed: "Darüber hat noch niemand entschieden.", upheld, dismissed },
  },

  claim: {
    heading: "Konnte die Sitzung nicht stattfinden?",
    open: "Das mitteilen",
    about:
      "Jemand sieht sich an, was geschehen ist, auch was dieser Dienst von der Verbindung gesehen hat, und entscheidet über das Honorar.",
    what: "Sie konnte nicht stattfinden, weil",
    missing: "Bitte wählen Sie, warum.",
    text: "Was ist geschehen?",
    send: "Um Prüfung bitten",
    sent: "Es ist bei uns. Jemand sieht sich an, was geschehen ist.",
  },

  dispute: {
    heading: "Sehen Sie es anders?",
    open: "Um einen zweiten Blick bitten",
    about:
      "Sie können einmal darum bitten. Sagen Sie, was nicht gesehen wurde; Ihre gesetzlichen Rechte bleiben bestehen, was immer daraus wird.",
    text: "Was soll noch einmal angesehen werden?",
    send: "Um einen zweiten Blick bitten",
    sent: "Es ist bei uns. Sie hören davon.",
  },

  contest: {
    heading: "Ihre Anwesenheit",
    late: (span) => `Verzeichnet ist, dass Sie ${span} nach dem Beginn beigetreten sind.`,
    absent: "Verzeichnet ist, dass Sie nicht teilgenommen haben.",
    open: "Das stimmt nicht",
    about: "Sie können es einmal sagen. Jemand sieht es sich an; bis dahin gilt, was verzeichnet ist.",
    text: "Was ist geschehen?",
    missing: "Bitte sagen Sie, was geschehen ist.",
    send: "Senden",
    sent: "Es ist bei uns. Jemand sieht es sich an.",
    contested: "Sie haben gesagt, dass das nicht stimmt. Jemand sieht es sich an.",
    excused: "Jemand hat es sich angesehen: Diese Sitzung zählt nicht.",
  },

  consents: {
    heading: "Einwilligung in eine Aufnahme",
    asked: (name) => `${name} hat gefragt`,
    askedByMe: "Sie haben gefragt",
    status: {
      asked: "Es kam keine Antwort.",
      refused: "Sie wurde abgelehnt.",
      withdrawn: "Sie wurde zurückgezogen.",
    },
    stands: "Schriftlich gegeben und nicht zurückgezogen:",
  },

  restriction: {
    heading: "Eine Einschränkung Ihres Kontos",
    past: "Eine frühere Einschränkung",
    now: {
      hold: (role) =>
        `Zurzeit gibt es für Sie keine neuen Buchungen als ${role}. Was schon gebucht ist, kann stattfinden.`,
      suspension: (role, until) => `Sie können bis ${until} nicht als ${role} gebucht werden.`,
      permanent: (role) => `Sie können nicht mehr als ${role} gebucht werden.`,
    },
    roles: {
      client: "buchende Person",
      expert: "Fachperson",
      both: "buchende Person oder Fachperson",
    },
    over: (until) => `Sie endete ${until}.`,
    lifted: (at) => `Sie wurde aufgehoben ${at}.`,
    since: (at) => `Seit ${at}`,
    reasons: "Warum",
    facts: {
      conduct:
        "Mehrere verschiedene Menschen, jeder aus einer Sitzung, in der Sie sich begegnet sind, haben gemeldet, wie mit ihnen umgegangen oder gesprochen wurde.",
      deception:
        "Mehrere verschiedene Menschen, jeder aus einer Sitzung, in der Sie sich begegnet sind, haben irreführenden, schädlichen oder rechtswidrigen Rat gemeldet.",
      privacy:
        "Mehrere verschiedene Menschen, jeder aus einer Sitzung, in der Sie sich begegnet sind, haben eine Aufnahme ohne schriftliche Einwilligung gemeldet.",
      operator: "Unser Team hat das auf Grundlage dessen entschieden, was ihm vorgelegt wurde.",
    },
    rule: {
      hold: "Wenn genügend verschiedene Menschen dasselbe melden, warten neue Buchungen, bis jemand aus unserem Team es sich angesehen hat.",
      suspension: enough,
      permanent: { conduct: enough, deception: forGood, privacy: forGood },
      operator:
        "Unsere Regeln erlauben es unserem Team, ein Konto sofort einzuschränken, wenn gezeigt ist, dass gegen das Gesetz gehandelt wurde.",
    },
    sessions: "Die Sitzungen, auf denen sie beruht:",
    law: (country) => `Sie beruht auf dem Recht des Landes ${country}.`,
    words: "Was unser Team geschrieben hat:",
    remains: "Ihre Nachweise, Erstattungen und Meldungen bleiben für Sie offen.",
    unfounded: "Erweisen sich genügend der Meldungen als unbegründet, wird sie sofort aufgehoben.",
    appeal: {
      open: "Dagegen Einspruch erheben",
      about: (until) =>
        `Sie können einmal Einspruch erheben, bis ${until}. Jemand aus unserem Team liest ihn und antwortet hier, mit Gründen.`,
      text: "Warum sollte sie aufgehoben werden?",
      missing: "Bitte sagen Sie, warum sie aufgehoben werden sollte.",
      send: "Einspruch senden",
      sent: "Ihr Einspruch ist bei uns. Die Antwort steht dann hier.",
      pending: "Sie haben Einspruch erhoben. Jemand aus unserem Team liest ihn; die Antwort steht dann hier.",
      granted: "Wir haben es uns noch einmal angesehen: Sie hatten recht, und die Einschränkung ist aufgehoben.",
      refused: "Wir haben es uns noch einmal angesehen, und sie bleibt.",
    },
  },

  problem: (code) =>
    ({
      already_rated: "Sie haben diese Sitzung schon bewertet.",
      rating_closed: "Die Zeit zum Bewerten ist vorbei.",
      already_answered: "Sie haben schon geantwortet.",
      already_complained: "Sie haben das schon gemeldet; es steht hier in der Liste.",
      complaint_expired: "Die Zeit, das zu melden, ist vorbei.",
      already_claimed: "Sie haben das schon mitgeteilt; jemand sieht es sich an.",
      refund_expired: "Die Zeit dafür ist vorbei. Ihre gesetzlichen Rechte bleiben bestehen.",
      refund_not_possible: "Darum kann nicht mehr gebeten werden. Ihre gesetzlichen Rechte bleiben bestehen.",
      already_disputed: "Sie haben schon um einen zweiten Blick gebeten.",
      dispute_expired: "Die Zeit für einen zweiten Blick ist vorbei. Ihre gesetzlichen Rechte bleiben bestehen.",
      rating_voided: "Diese Bewertung wurde herausgenommen; es gibt nichts zu beantworten.",
      already_contested: "Sie haben das schon gesagt; jemand sieht es sich an.",
      already_excused: "Diese Sitzung zählt nicht mehr; es gibt nichts dagegen zu sagen.",
      already_appealed: "Sie haben schon Einspruch erhoben.",
      appeal_expired: "Die Zeit für einen Einspruch ist vorbei.",
      sanction_over: "Die Einschränkung ist schon aufgehoben.",
    })[code] ?? null,
};
