/** Every word of what comes after a session, in Spanish. */

import type { AfterwardsTexts } from "./shape";

const upheld = "Lo hemos revisado y hemos visto que no se respetaron nuestras reglas.";
const dismissed = "Lo hemos revisado y no hemos encontrado nada contrario a nuestras reglas.";
const enough =
  "Cuando suficientes personas distintas avisan de cómo se las trató, las reservas se detienen: la primera vez por un tiempo, la segunda de forma definitiva.";
const forGood = "Cuando suficientes personas distintas avisan de esto, las reservas se detienen de forma definitiva.";

export const esAfterwards: AfterwardsTexts = {
  rating: {
    heading: (name) => `¿Qué tal fue con ${name}?`,
    stars: "Su valoración",
    star: (count) =>
      ({
        1: "1 estrella: nada bien",
        2: "2 estrellas: no muy bien",
        3: "3 estrellas: aceptable",
        4: "4 estrellas: bien",
        5: "5 estrellas: muy bien",
      })[count] ?? "",
    none: "Sin elegir todavía",
    missing: "Elija entre una y cinco estrellas.",
    tags: "¿Qué le llamó la atención?",
    tag: {
      helpful: "útil",
      clear: "claro",
      prepared: "bien preparado",
      kind: "amable",
      unclear: "difícil de seguir",
      unprepared: "sin preparar",
      unkind: "poco amable",
      technical_trouble: "problemas técnicos",
    },
    text: "¿Quiere añadir algo?",
    closed: (name, until) =>
      `Queda cerrada hasta que los dos hayan valorado, o hasta el ${until}. Entonces ${name} puede leerla y responder una vez.`,
    send: "Enviar la valoración",
    sent: "Gracias. Su valoración está guardada.",
    mine: (name) => `Su valoración de ${name}`,
    answered: (name) => `${name} respondió:`,
    open: (name) => `${name} ya puede leerla.`,
    theirs: (name) => `${name} valoró la sesión con usted`,
    theirsLater: (name, until) =>
      `Si ${name} le valora, puede leerlo aquí cuando los dos hayan valorado, o desde el ${until}.`,
    answer: "Su respuesta",
    answerHelp: (name) => `Puede responder una vez. ${name} puede leerlo.`,
    answerMissing: "Escriba una respuesta.",
    answerSend: "Enviar la respuesta",
    answerSent: "Su respuesta está guardada.",
    answerMine: "Usted respondió:",
    over: "El plazo para valorar ha terminado.",
  },

  report: {
    heading: "Avisar de un problema",
    open: "Escribir un aviso",
    about: (name) => `Lo lee alguien de nuestro equipo. Es sobre ${name}, en esta sesión.`,
    missing: "Elija de qué se trata.",
    text: "¿Qué ocurrió?",
    told: (name, from) =>
      `${name} puede leer el tipo de aviso y su texto desde el ${from}, o en cuanto los dos hayan valorado. No damos el nombre de usted; lo que escribe puede dejar ver quién es.`,
    toldLater: (name) =>
      `Más adelante ${name} puede leer el tipo de aviso y su texto. No damos el nombre de usted; lo que escribe puede dejar ver quién es.`,
    send: "Enviar el aviso",
    sent: (ticket) => `Tenemos su aviso. Su número es ${ticket}.`,
    ticket: (ticket) => `Aviso ${ticket}`,
    filed: (at) => `Enviado el ${at}`,
    status: { filed: "Lo tenemos. Lo que resulte aparecerá aquí.", upheld, dismissed },
    why: "Por qué:",
    gone: "El texto ya no se guarda.",
    noText: "Sin texto.",
  },

  said: {
    heading: "Lo que se dijo de usted",
    about:
      "No damos ningún nombre. Puede que del texto se vea quién lo escribió; por favor, no le escriba al respecto.",
    status: { filed: "Nadie ha decidido todavía sobre esto.", upheld, dismissed },
  },

  claim: {
    heading: "¿No pudo celebrarse la sesión?",
    open: "Decirlo",
    about:
      "Alguien revisará lo que ocurrió, con lo que este servicio vio de la conexión, y decidirá sobre los honorarios.",
    what: "No pudo celebrarse porque",
    missing: "Elija por qué.",
    text: "¿Qué ocurrió?",
    send: "Pedir que se revise",
    sent: "Lo tenemos. Alguien revisará lo que ocurrió.",
  },

  dispute: {
    heading: "¿No está de acuerdo?",
    open: "Pedir que se revise de nuevo",
    about:
      "Puede pedirlo una vez. Diga qué no se vio; los derechos que le da la ley se mantienen, sea cual sea el resultado.",
    text: "¿Qué debería revisarse de nuevo?",
    send: "Pedir que se revise de nuevo",
    sent: "Lo tenemos. Le informaremos.",
  },

  contest: {
    heading: "Su asistencia",
    late: (span) => `Consta que entró ${span} después del comienzo.`,
    absent: "Consta que no entró.",
    open: "No es así",
    about: "Puede decirlo una vez. Alguien lo revisará; hasta entonces vale lo que consta.",
    text: "¿Qué ocurrió?",
    missing: "Diga qué ocurrió.",
    send: "Enviarlo",
    sent: "Lo tenemos. Alguien lo revisará.",
    contested: "Usted dijo que no es así. Alguien lo revisará.",
    excused: "Alguien lo revisó: esta sesión no cuenta.",
  },

  consents: {
    heading: "Consentimiento para grabar",
    asked: (name) => `${name} lo pidió`,
    askedByMe: "Usted lo pidió",
    status: {
      asked: "No hubo respuesta.",
      refused: "No se dio.",
      withdrawn: "Se retiró.",
    },
    stands: "Dado por escrito, y no retirado:",
  },

  restriction: {
    heading: "Una restricción en su cuenta",
    past: "Una restricción anterior",
    now: {
      hold: (role) =>
        `Por ahora no hay nuevas reservas para usted como ${role}. Lo que ya está reservado puede celebrarse.`,
      suspension: (role, until) => `No se le puede reservar como ${role} hasta el ${until}.`,
      permanent: (role) => `Ya no se le puede reservar como ${role}.`,
    },
    roles: { client: "cliente", expert: "especialista", both: "cliente o especialista" },
    over: (until) => `Terminó el ${until}.`,
    lifted: (at) => `Se levantó el ${at}.`,
    since: (at) => `Desde el ${at}`,
    reasons: "Por qué",
    facts: {
      conduct:
        "Varias personas distintas, cada una de una sesión en la que coincidieron, avisaron de cómo se las trató o se les habló.",
      deception:
        "Varias personas distintas, cada una de una sesión en la que coincidieron, avisaron de consejos engañosos, dañinos o contrarios a la ley.",
      privacy:
        "Varias personas distintas, cada una de una sesión en la que coincidieron, avisaron de una grabación sin consentimiento por escrito.",
      operator: "Nuestro equipo lo decidió a partir de lo que se le mostró.",
    },
    rule: {
      hold: "Cuando suficientes personas distintas avisan de lo mismo, las nuevas reservas esperan hasta que alguien de nuestro equipo lo haya revisado.",
      suspension: enough,
      permanent: { conduct: enough, deception: forGood, privacy: forGood },
      operator:
        "Nuestras reglas permiten a nuestro equipo restringir una cuenta de inmediato cuando se muestra que no se respetó la ley.",
    },
    sessions: "Las sesiones en las que se basa:",
    law: (country) => `Se basa en la ley de ${country}.`,
    words: "Lo que escribió nuestro equipo:",
    remains: "Sus registros, devoluciones y avisos siguen abiertos para usted.",
    unfounded: "Si suficientes avisos resultan no tener fundamento, se levanta de inmediato.",
    appeal: {
      open: "Oponerse",
      about: (until) =>
        `Puede oponerse una vez, hasta el ${until}. Alguien de nuestro equipo lo lee y responde aquí, con motivos.`,
      text: "¿Por qué debería levantarse?",
      missing: "Diga por qué debería levantarse.",
      send: "Enviar la oposición",
      sent: "Tenemos su oposición. La respuesta aparecerá aquí.",
      pending: "Usted se opuso. Alguien de nuestro equipo lo lee; la respuesta aparecerá aquí.",
      granted: "Lo hemos revisado de nuevo: usted tenía razón, y la restricción se ha levantado.",
      refused: "Lo hemos revisado de nuevo, y se mantiene.",
    },
  },

  problem: (code) =>
    ({
      already_rated: "Ya ha valorado esta sesión.",
      rating_closed: "El plazo para valorar ha terminado.",
      already_answered: "Ya ha respondido.",
      already_complained: "Ya ha avisado de esto; está en la lista de aquí.",
      complaint_expired: "El plazo para avisar de esto ha terminado.",
      already_claimed: "Ya lo ha dicho; alguien lo revisará.",
      refund_expired: "El plazo para esto ha terminado. Los derechos que le da la ley se mantienen.",
      refund_not_possible: "Esto ya no se puede pedir. Los derechos que le da la ley se mantienen.",
      already_disputed: "Ya ha pedido que se revise de nuevo.",
      dispute_expired: "El plazo para pedir otra revisión ha terminado. Los derechos que le da la ley se mantienen.",
      rating_voided: "Esta valoración se retiró; no hay nada que responder.",
      already_contested: "Ya lo ha dicho; alguien lo revisará.",
      already_excused: "Esta sesión ya no cuenta; no hay nada que objetar.",
      already_appealed: "Ya se ha opuesto.",
      appeal_expired: "El plazo para oponerse ha terminado.",
      sanction_over: "La restricción ya se ha levantado.",
    })[code] ?? null,
};
