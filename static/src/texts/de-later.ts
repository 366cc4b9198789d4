/** Every word of what is read when the call is over, and on the other pages, in German. */

import type { EndTexts } from "./ends";
import type { LaterTexts } from "./shape";

const ended = "Die Sitzung endete vor dem gebuchten Ende.";
const nothingToDo = "Sie brauchen nichts zu tun.";
const whatNext = "Jemand sieht sich an, wie es weitergeht.";
const reported = "Ihre Meldung ist bei uns, und wir sehen sie uns an.";
const passed = "Die gebuchte Zeit verging, bevor Sie beigetreten sind.";

const ends: EndTexts = {
  completed: {
    nobody: {
      client: () => ({
        heading: "Ihre gemeinsame Zeit ist vollständig",
        detail: "Das Gespräch endete zur gebuchten Zeit.",
      }),
      expert: () => ({
        heading: "Ihre gemeinsame Zeit ist vollständig",
        detail: "Das Gespräch endete zur gebuchten Zeit.",
      }),
    },
  },
  hung_up: {
    client: {
      client: () => ({
        heading: "Sie haben die Sitzung beendet",
        detail: "Sie haben sie vor dem gebuchten Ende beendet.",
      }),
      expert: (other) => ({
        heading: `${other} hat die Sitzung beendet`,
        detail: "Wer bucht, darf eine Sitzung beenden, wann es passt.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} ist früher gegangen`, detail: ended }),
      expert: () => ({ heading: "Sie sind früher gegangen", detail: ended }),
    },
  },
  lost: {
    client: {
      client: () => ({
        heading: "Ihre Verbindung kam nicht zurück",
        detail: "Die Sitzung endete, während Ihre Verbindung unterbrochen war.",
      }),
      expert: (other) => ({
        heading: `Die Verbindung von ${other} kam nicht zurück`,
        detail: "Die Sitzung endete, während die andere Verbindung unterbrochen war.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `Die Verbindung von ${other} kam nicht zurück`, detail: ended }),
      expert: () => ({ heading: "Ihre Verbindung kam nicht zurück", detail: ended }),
    },
  },
  left_page: {
    client: {
      client: () => ({
        heading: "Sie sind nicht in die Sitzung zurückgekommen",
        detail: "Ihre Seite wurde vor dem Ende geschlossen.",
      }),
      expert: (other) => ({
        heading: `${other} ist nicht zurückgekommen`,
        detail: "Die andere Seite wurde vor dem Ende geschlossen.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} ist nicht zurückgekommen`, detail: ended }),
      expert: () => ({ heading: "Sie sind nicht in die Sitzung zurückgekommen", detail: ended }),
    },
  },
  safety: {
    client: {
      client: () => ({ heading: "Sie sind gegangen und haben es gemeldet", detail: reported }),
      expert: (other) => ({ heading: `${other} hat die Sitzung verlassen`, detail: "Die Sitzung ist vorbei." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat die Sitzung verlassen`, detail: "Die Sitzung ist vorbei." }),
      expert: () => ({ heading: "Sie sind gegangen und haben es gemeldet", detail: reported }),
    },
  },
  no_show: {
    client: {
      client: () => ({ heading: "Sie haben nicht teilgenommen", detail: passed }),
      expert: (other) => ({ heading: `${other} hat nicht teilgenommen`, detail: "Danke, dass Sie da waren." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat nicht teilgenommen`, detail: "Danke, dass Sie da waren." }),
      expert: () => ({ heading: "Sie haben nicht teilgenommen", detail: passed }),
    },
    both: {
      client: () => ({
        heading: "Diese Sitzung hat nicht stattgefunden",
        detail: "In der gebuchten Zeit hat niemand teilgenommen.",
      }),
      expert: () => ({
        heading: "Diese Sitzung hat nicht stattgefunden",
        detail: "In der gebuchten Zeit hat niemand teilgenommen.",
      }),
    },
  },
  never_met: {
    nobody: {
      client: (other) => ({
        heading: "Sie sind sich nicht begegnet",
        detail: `Sie und ${other} waren beide da, aber nicht zur selben Zeit. Jemand sieht sich an, was geschehen ist.`,
      }),
      expert: (other) => ({
        heading: "Sie sind sich nicht begegnet",
        detail: `Sie und ${other} waren beide da, aber nicht zur selben Zeit. Jemand sieht sich an, was geschehen ist.`,
      }),
    },
  },
  interrupted: {
    nobody: {
      client: () => ({
        heading: "Die Sitzung wurde unterbrochen",
        detail: "Die Verbindung dieses Dienstes fiel aus, und die Sitzung konnte nicht weitergehen.",
      }),
      expert: () => ({
        heading: "Die Sitzung wurde unterbrochen",
        detail: "Die Verbindung dieses Dienstes fiel aus. Das wird niemandem angerechnet.",
      }),
    },
  },
  ended_by_operator: {
    operator: {
      client: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
      expert: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
    },
  },
  removed: {
    client: {
      client: () => ({
        heading: "Unser Team hat die Sitzung für Sie beendet",
        detail: "Sie können uns dazu schreiben.",
      }),
      expert: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
    },
    expert: {
      client: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
      expert: () => ({
        heading: "Unser Team hat die Sitzung für Sie beendet",
        detail: "Sie können uns dazu schreiben.",
      }),
    },
  },
  cancelled: {
    client: {
      client: () => ({
        heading: "Sie haben diese Sitzung abgesagt",
        detail: "Es gelten die Bedingungen Ihrer Buchung.",
      }),
      expert: (other) => ({ heading: `${other} hat diese Sitzung abgesagt`, detail: nothingToDo }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat diese Sitzung abgesagt`, detail: nothingToDo }),
      expert: () => ({ heading: "Sie haben diese Sitzung abgesagt", detail: "Die buchende Person weiß Bescheid." }),
    },
    platform: {
      client: () => ({ heading: "Diese Sitzung wurde abgesagt", detail: "Sie kann nicht stattfinden." }),
      expert: () => ({ heading: "Diese Sitzung wurde abgesagt", detail: "Sie kann nicht stattfinden." }),
    },
    operator: {
      client: () => ({ heading: "Unser Team hat diese Sitzung abgesagt", detail: nothingToDo }),
      expert: () => ({ heading: "Unser Team hat diese Sitzung abgesagt", detail: nothingToDo }),
    },
  },
};

export const deLater: LaterTexts = {
  safety: {
    about: (name) =>
      `Lesen Sie ${name} diesen Code vor, oder lassen Sie ihn sich von ${name} vorlesen. Sehen Sie beide dasselbe, steht niemand zwischen Ihren beiden Browsern.`,
    waiting: "Der Code entsteht gerade …",
    impossible:
      "Für diese Verbindung gibt es keinen Code. Gehen Sie kurz hinaus und nehmen Sie wieder teil, dann entsteht ein neuer.",
    compare: "Vergleichen Sie die Codes.",
    same: "Sie sind gleich",
    waitingFor: (name) => `Sie haben gesagt, dass sie gleich sind. ${name} noch nicht.`,
    theyChecked: (name) => `${name} sagt, dass sie gleich sind. Vergleichen Sie die Codes.`,
    different: "Sie sind verschieden",
    differentHelp:
      "Sagen Sie nichts, was andere nicht hören sollen. Gehen Sie, und nehmen Sie mit dem Link Ihrer Einladung wieder teil; sind die Codes dann noch verschieden, schreiben Sie uns.",
    limits: "Wer neu teilnimmt, etwa auf einem anderen Gerät, bringt einen neuen Code mit.",
    names: [
      ...["Hund", "Katze", "Löwe", "Pferd", "Elefant", "Hase", "Fisch", "Schmetterling"],
      ...["Sonnenblume", "Baum", "Pilz", "Mond", "Stern", "Wolke", "Feuer", "Regenbogen"],
      ...["Apfel", "Banane", "Trauben", "Karotte", "Brot", "Kuchen", "Kaffee", "Luftballon"],
      ...["Glocke", "Schlüssel", "Anker", "Fahrrad", "Zug", "Schere", "Regenschirm", "Gitarre"],
    ],
  },

  ends,
  ended: {
    soon: { heading: "Die Zeit ist um", detail: "Ihre Zusammenfassung kommt gleich …" },
    forCause: "Sie haben gesagt, dass sie nicht stattfinden konnte. Jemand sieht sich an, was geschehen ist.",
    time: "Ihre Zeit",
    booked: "Gebucht",
    client: "Buchende Person da",
    expert: "Fachperson da",
    mutual: "Einander gehört und gesehen",
    arrived: (time) => `ab ${time}`,
    fromTo: (from, to) => `${from} bis ${to}`,
    timeline: (client, expert) => `Buchende Person da: ${client}. Fachperson da: ${expert}.`,
    absent: "nicht teilgenommen",
    next: "Bewahren Sie diesen Link auf: Alles hier lässt sich damit wieder ansehen.",
    receipt: "Ihr signierter Nachweis",
  },

  next: {
    heading: "Wie es weitergeht",
    until: (time, what) => `Bis ${time}: ${what}`,
    what: {
      rate: (name) => `sagen, wie es mit ${name} war`,
      refund: () => "die nicht geleistete Zeit zurückverlangen",
      appeal: () => "gegen die Einschränkung Ihres Kontos Einspruch erheben",
    },
    calendar: "In den Kalender",
    link: "Öffnen Sie Ihre Sitzung wieder mit dem Link Ihrer Einladung.",
  },

  receipt: {
    title: "Signierter Nachweis einer Sitzung",
    of: (name, role) => `Für ${name} (${role})`,
    print: "Drucken oder als PDF sichern",
    download: "Signierten Text herunterladen",
    good: "Dieser Browser hat die Signatur geprüft: Sie passt.",
    bad: "Die Signatur dieses Nachweises passt nicht. Bitte laden Sie die Seite neu, oder schreiben Sie uns.",
    notYet: {
      heading: "Es gibt noch keinen Nachweis",
      detail: "Er entsteht, wenn die Sitzung vorbei ist. Bitte kommen Sie dann mit demselben Link wieder.",
    },
    session: "Die Sitzung",
    what: "Gebucht als",
    number: "Sitzung",
    issuer: "Aufgezeichnet von",
    booked: "Gebuchte Zeit",
    window: (from, to, zone) => `${from} bis ${to}, ${zone}`,
    ended: "Beendet",
    how: "Wie sie endete",
    ends: (reason, who, by) =>
      ({
        completed: "Zur gebuchten Zeit",
        hung_up: `${who} hat sie vor dem gebuchten Ende beendet`,
        lost: `Die Verbindung von ${who} kam nicht zurück`,
        left_page: `${who} ist nicht zurückgekommen`,
        safety: `${who} hat die Sitzung verlassen`,
        no_show: by === "both" ? "In der gebuchten Zeit hat niemand teilgenommen" : `${who} hat nicht teilgenommen`,
        never_met: "Beide waren da, aber nicht zur selben Zeit",
        interrupted: "Dieser Dienst war unterbrochen",
        ended_by_operator: "Der Betreiber hat sie beendet",
        removed: `Der Betreiber hat ${who} aus der Sitzung genommen`,
        cancelled:
          by === "both"
            ? "Einvernehmlich abgesagt"
            : `Abgesagt: ${who || (by === "operator" ? "durch den Betreiber" : "durch die Plattform")}`,
      })[reason] ?? reason,
    there: "Wer da war",
    joined: "Beigetreten",
    after: (span) => `${span} nach dem Beginn`,
    presence: "War da für",
    away: "War weg",
    never: "gar nicht",
    fromTo: (from, to) => `${from} bis ${to}`,
    money: "Zeit und Geld",
    fee: "Honorar",
    noFee: "keines",
    notDelivered: "Nicht geleistete Zeit",
    nothing: "keine",
    factor: "Ihr Faktor für diese Sitzung",
    pay: "Ihr Honorar mit diesem Faktor",
    refund: "Erstattung",
    refunds: {
      none: "Keine nach den Regeln der Plattform; gesetzliche Rechte bleiben bestehen",
      eligible: "Die buchende Person kann zurückverlangen",
      requested: "Zurückverlangt",
      review: "Wird angesehen",
      approved: "Bewilligt",
      declined: "Vom Buchungsdienst abgelehnt",
      disputed: "Wird noch einmal angesehen",
      settled: "Zurückgezahlt",
      expired: "Nicht rechtzeitig verlangt; gesetzliche Rechte bleiben bestehen",
    },
    consent: "Einwilligung in eine Aufnahme",
    asked: (name, at) => `${name} bat schriftlich um Einwilligung, mit einem eigenen Gerät aufzunehmen, ${at}.`,
    consented: (status, given, closed) =>
      ({
        asked: "Darauf kam keine Antwort.",
        given: `Sie wurde schriftlich gegeben, ${given}, und nicht zurückgezogen.`,
        refused: `Sie wurde abgelehnt, ${closed}.`,
        withdrawn: given
          ? `Sie wurde schriftlich gegeben, ${given}, und zurückgezogen, ${closed}.`
          : `Die Bitte wurde zurückgenommen, ${closed}.`,
      })[status] ?? "",
    small: "Angaben zum Nachprüfen",
    utc: (starts, ends, ended, decided) =>
      `In UTC: gebucht ${starts} bis ${ends}, beendet ${ended}, abgerechnet ${decided}.`,
    guidelines: (name, accepted, version, at) =>
      `${name} hat die Leitlinien in der Fassung ${version} ${accepted ? "angenommen" : "nicht angenommen"}, ${at}.`,
    revised: (at) => `Vom Betreiber geändert, ${at}.`,
    rules: (rules) => `Regeln, die mitgesprochen haben: ${rules}.`,
    terms: "Bedingungen:",
    ledger: (seq) => `Erstellt aus dem Protokoll der Sitzung bis zum Eintrag ${seq}:`,
    key: "Signiert mit dem Schlüssel:",
    checking: (issuer) =>
      `Alles, was oben steht, steht im signierten Text unten. Prüfen können ihn alle mit den öffentlichen Schlüsseln unter ${issuer}/.well-known/jwks.json und jedem Programm für JOSE (EdDSA).`,
    text: "Der signierte Text",
    textHelp: "Bewahren Sie diesen Text oder seine Datei auf: Darin ist die Signatur, nicht auf dem Papier.",
  },

  refund: {
    heading: "Geld zurück",
    headingExpert: "Das Honorar",
    status: {
      none: "Unsere Regeln sehen hier keine Erstattung vor; Ihre gesetzlichen Rechte bleiben bestehen.",
      eligible: "Sie können zurückverlangen",
      requested: "Zurückverlangt. Ihr Buchungsdienst meldet sich bei Ihnen.",
      review: "Jemand sieht sich an, was geschehen ist. Wegen des Honorars hören Sie von uns.",
      approved: "Bewilligt. Das Geld ist unterwegs.",
      declined: "Ihr Buchungsdienst hat abgelehnt. Seine Begründung steht unten.",
      disputed: "Sie haben um einen zweiten Blick gebeten. Sie hören davon.",
      settled: "Zurückgezahlt.",
      expired: "Die Frist ist vorbei. Ihre gesetzlichen Rechte bleiben bestehen.",
    },
    statusExpert: {
      none: "Es wird nichts zurückverlangt.",
      eligible: "Die buchende Person kann die nicht geleistete Zeit zurückverlangen, bis zu",
      requested: "Die buchende Person hat die nicht geleistete Zeit zurückverlangt.",
      review: "Jemand sieht sich an, was geschehen ist, bevor das Honorar abgerechnet wird.",
      approved: "Der Buchungsdienst hat der buchenden Person eine Erstattung bewilligt.",
      declined: "Der Buchungsdienst hat eine Erstattung abgelehnt.",
      disputed: "Die buchende Person hat um einen zweiten Blick gebeten.",
      settled: "Der buchenden Person wurde eine Erstattung gezahlt.",
      expired: "Es wird nichts zurückverlangt.",
    },
    upTo: "Bis zu",
    until: (time) => `bis ${time}`,
    how: "Wie es berechnet wurde",
    part: (span, why) => `${span}: ${why}`,
    why: (rule) =>
      ({
        "P3.4": "die übrige Zeit, als die Fachperson früher ging",
        "P3.5": "Unterbrechungen, länger als vorgesehen",
        "P3.6": "die Zeit, nachdem die Verbindung der Fachperson weg war",
        "P3.9": "die Zeit, die dieser Dienst nicht leisten konnte",
        "P3.10": "die ganze Sitzung wurde nicht geleistet",
      })[rule] ?? "nicht geleistete Zeit",
    sum: (time, booked, fee) =>
      `${time} der gebuchten ${booked}, bei einem Honorar von ${fee}, zu Ihren Gunsten aufgerundet.`,
    amount: "Wie viel verlangen Sie zurück?",
    less: "Alles, oder weniger, wenn Sie möchten.",
    bad: (max) => `Bitte schreiben Sie einen Betrag bis ${max}.`,
    request: "Zurückverlangen",
    requested: "Verlangt",
    approved: "Bewilligt",
    failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
  },

  home: {
    title: "Headstrt Sessions",
    heading: "Zu zweit, für die gebuchte Zeit",
    intro: [
      "Hier begegnen sich zwei Menschen per Video, einer mit Fachwissen, für die gebuchte Zeit. Das Gespräch endet von selbst, wenn sie um ist.",
      "Dieser Dienst zeichnet nicht auf, und er kann Sie nicht sehen oder hören: Was Sie sagen und zeigen, ist zwischen Ihren beiden Browsern verschlüsselt.",
      "Wird bezahlte Zeit nicht geleistet, kann sie zurückverlangt werden, und beide sehen, wie gerechnet wurde.",
    ],
    invited: "Haben Sie eine Einladung? Öffnen Sie den Link darin: Er führt zu Ihrer Sitzung.",
    demo: "Ausprobieren",
    demoHelp: "Beispielsitzungen. Öffnen Sie die beiden Seiten einer Sitzung in zwei Fenstern.",
  },
};
