/** Every word of what is read when the call is over, and on the other pages, in Spanish. */

import type { EndTexts } from "./ends";
import type { LaterTexts } from "./shape";

const ended = "La sesión terminó antes del final reservado.";
const nothingToDo = "No tiene que hacer nada.";
const whatNext = "Alguien verá cómo se sigue.";
const reported = "Hemos recibido su aviso y lo revisaremos.";
const passed = "El tiempo reservado pasó antes de que entrara.";

const ends: EndTexts = {
  completed: {
    nobody: {
      client: () => ({
        heading: "Su tiempo juntos está completo",
        detail: "La llamada terminó al final reservado.",
      }),
      expert: () => ({
        heading: "Su tiempo juntos está completo",
        detail: "La llamada terminó al final reservado.",
      }),
    },
  },
  hung_up: {
    client: {
      client: () => ({ heading: "Usted terminó la sesión", detail: "La terminó antes del final reservado." }),
      expert: (other) => ({
        heading: `${other} terminó la sesión`,
        detail: "Quien reserva puede terminar una sesión cuando quiera.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} se fue antes`, detail: ended }),
      expert: () => ({ heading: "Usted se fue antes", detail: ended }),
    },
  },
  lost: {
    client: {
      client: () => ({
        heading: "Su conexión no volvió",
        detail: "La sesión terminó mientras su conexión estaba interrumpida.",
      }),
      expert: (other) => ({
        heading: `La conexión de ${other} no volvió`,
        detail: "La sesión terminó mientras la otra conexión estaba interrumpida.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `La conexión de ${other} no volvió`, detail: ended }),
      expert: () => ({ heading: "Su conexión no volvió", detail: ended }),
    },
  },
  left_page: {
    client: {
      client: () => ({ heading: "Usted no volvió a la sesión", detail: "Su página se cerró antes del final." }),
      expert: (other) => ({ heading: `${other} no volvió`, detail: "La otra página se cerró antes del final." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} no volvió`, detail: ended }),
      expert: () => ({ heading: "Usted no volvió a la sesión", detail: ended }),
    },
  },
  safety: {
    client: {
      client: () => ({ heading: "Usted se fue y avisó", detail: reported }),
      expert: (other) => ({ heading: `${other} dejó la sesión`, detail: "La sesión ha terminado." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} dejó la sesión`, detail: "La sesión ha terminado." }),
      expert: () => ({ heading: "Usted se fue y avisó", detail: reported }),
    },
  },
  no_show: {
    client: {
      client: () => ({ heading: "Usted no entró", detail: passed }),
      expert: (other) => ({ heading: `${other} no entró`, detail: "Gracias por estar aquí." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} no entró`, detail: "Gracias por estar aquí." }),
      expert: () => ({ heading: "Usted no entró", detail: passed }),
    },
    both: {
      client: () => ({
        heading: "Esta sesión no se celebró",
        detail: "Nadie entró durante el tiempo reservado.",
      }),
      expert: () => ({
        heading: "Esta sesión no se celebró",
        detail: "Nadie entró durante el tiempo reservado.",
      }),
    },
  },
  never_met: {
    nobody: {
      client: (other) => ({
        heading: "No coincidieron",
        detail: `Usted y ${other} estuvieron aquí, pero no al mismo tiempo. Alguien revisará lo que ocurrió.`,
      }),
      expert: (other) => ({
        heading: "No coincidieron",
        detail: `Usted y ${other} estuvieron aquí, pero no al mismo tiempo. Alguien revisará lo que ocurrió.`,
      }),
    },
  },
  interrupted: {
    nobody: {
      client: () => ({
        heading: "La sesión se interrumpió",
        detail: "Falló la conexión de este servicio, y la sesión no pudo continuar.",
      }),
      expert: () => ({
        heading: "La sesión se interrumpió",
        detail: "Falló la conexión de este servicio. No cuenta en contra de nadie.",
      }),
    },
  },
  ended_by_operator: {
    operator: {
      client: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
      expert: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
    },
  },
  removed: {
    client: {
      client: () => ({
        heading: "Nuestro equipo terminó la sesión para usted",
        detail: "Puede escribirnos al respecto.",
      }),
      expert: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
    },
    expert: {
      client: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
      expert: () => ({
        heading: "Nuestro equipo terminó la sesión para usted",
        detail: "Puede escribirnos al respecto.",
      }),
    },
  },
  cancelled: {
    client: {
      client: () => ({
        heading: "Usted canceló esta sesión",
        detail: "Se aplican las condiciones de su reserva.",
      }),
      expert: (other) => ({ heading: `${other} canceló esta sesión`, detail: nothingToDo }),
    },
    expert: {
      client: (other) => ({ heading: `${other} canceló esta sesión`, detail: nothingToDo }),
      expert: () => ({ heading: "Usted canceló esta sesión", detail: "Ya se lo hemos comunicado a su cliente." }),
    },
    platform: {
      client: () => ({ heading: "Esta sesión se canceló", detail: "No podrá celebrarse." }),
      expert: () => ({ heading: "Esta sesión se canceló", detail: "No podrá celebrarse." }),
    },
    operator: {
      client: () => ({ heading: "Nuestro equipo canceló esta sesión", detail: nothingToDo }),
      expert: () => ({ heading: "Nuestro equipo canceló esta sesión", detail: nothingToDo }),
    },
  },
};

export const esLater: LaterTexts = {
  safety: {
    about: (name) =>
      `Léale este código a ${name}, o deje que ${name} se lo lea. Si los dos ven lo mismo, no hay nadie entre sus dos navegadores.`,
    waiting: "Se está creando el código …",
    impossible: "No hay código para esta conexión. Salga un momento y vuelva a entrar para crear uno nuevo.",
    compare: "Comparen los códigos.",
    same: "Son iguales",
    waitingFor: (name) => `Usted dijo que son iguales. ${name} todavía no.`,
    theyChecked: (name) => `${name} dice que son iguales. Comparen los códigos.`,
    different: "Son distintos",
    differentHelp:
      "No diga nada que otros no deban oír. Salga, y entre de nuevo con el enlace de su invitación; si los códigos siguen siendo distintos, escríbanos.",
    limits: "Quien entra de nuevo, por ejemplo en otro dispositivo, trae un código nuevo.",
    names: [
      ...["perro", "gato", "león", "caballo", "elefante", "conejo", "pez", "mariposa"],
      ...["girasol", "árbol", "seta", "luna", "estrella", "nube", "fuego", "arcoíris"],
      ...["manzana", "plátano", "uvas", "zanahoria", "pan", "pastel", "café", "globo"],
      ...["campana", "llave", "ancla", "bicicleta", "tren", "tijeras", "paraguas", "guitarra"],
    ],
  },

  ends,
  ended: {
    soon: { heading: "El tiempo ha terminado", detail: "Su resumen está en camino …" },
    forCause: "Usted dijo que no pudo celebrarse. Alguien revisará lo que ocurrió.",
    time: "Su tiempo",
    booked: "Reservado",
    client: "Cliente presente",
    expert: "Especialista presente",
    mutual: "Se oyeron y se vieron",
    arrived: (time) => `desde ${time}`,
    fromTo: (from, to) => `${from} a ${to}`,
    timeline: (client, expert) => `Cliente presente: ${client}. Especialista presente: ${expert}.`,
    absent: "no entró",
    next: "Guarde este enlace: con él puede volver a ver todo lo que hay aquí.",
    receipt: "Su registro firmado",
  },

  next: {
    heading: "Lo que viene ahora",
    until: (time, what) => `Hasta el ${time}: ${what}`,
    what: {
      rate: (name) => `decir qué tal fue con ${name}`,
      refund: () => "pedir la devolución del tiempo no prestado",
      appeal: () => "oponerse a la restricción de su cuenta",
    },
    calendar: "Añadir al calendario",
    link: "Abra de nuevo su sesión con el enlace de su invitación.",
  },

  receipt: {
    title: "Registro firmado de una sesión",
    of: (name, role) => `Para ${name} (${role})`,
    print: "Imprimir o guardar como PDF",
    download: "Descargar el texto firmado",
    good: "Este navegador ha comprobado la firma: es correcta.",
    bad: "La firma de este registro no es correcta. Cargue la página de nuevo, o escríbanos.",
    notYet: {
      heading: "Todavía no hay registro",
      detail: "Se hace cuando la sesión ha terminado. Vuelva entonces con el mismo enlace.",
    },
    session: "La sesión",
    what: "Reservada como",
    number: "Sesión",
    issuer: "Registrado por",
    booked: "Tiempo reservado",
    window: (from, to, zone) => `${from} a ${to}, ${zone}`,
    ended: "Terminó",
    how: "Cómo terminó",
    ends: (reason, who, by) =>
      ({
        completed: "Al final reservado",
        hung_up: `${who} la terminó antes del final reservado`,
        lost: `La conexión de ${who} no volvió`,
        left_page: `${who} no volvió`,
        safety: `${who} dejó la sesión`,
        no_show: by === "both" ? "Nadie entró durante el tiempo reservado" : `${who} no entró`,
        never_met: "Los dos estuvieron, pero no al mismo tiempo",
        interrupted: "Este servicio se interrumpió",
        ended_by_operator: "La terminó la administración del servicio",
        removed: `La administración del servicio sacó a ${who} de la sesión`,
        cancelled:
          by === "both"
            ? "Cancelada de común acuerdo"
            : `Cancelada por ${who || (by === "operator" ? "la administración del servicio" : "la plataforma")}`,
      })[reason] ?? reason,
    there: "Quién estuvo",
    joined: "Entró",
    after: (span) => `${span} después del comienzo`,
    presence: "Estuvo",
    away: "Estuvo fuera",
    never: "en ningún momento",
    fromTo: (from, to) => `${from} a ${to}`,
    money: "Tiempo y dinero",
    fee: "Honorarios",
    noFee: "ninguno",
    notDelivered: "Tiempo no prestado",
    nothing: "ninguno",
    factor: "Su factor para esta sesión",
    pay: "Sus honorarios con este factor",
    refund: "Reembolso",
    refunds: {
      none: "Ninguno según las reglas de la plataforma; los derechos que da la ley se mantienen",
      eligible: "Su cliente puede pedir la devolución",
      requested: "Devolución pedida",
      review: "En revisión",
      approved: "Aprobado",
      declined: "El servicio de reservas no lo aceptó",
      disputed: "En segunda revisión",
      settled: "Devuelto",
      expired: "No se pidió a tiempo; los derechos que da la ley se mantienen",
    },
    consent: "Consentimiento para grabar",
    asked: (name, at) => `${name} pidió por escrito consentimiento para grabar con un dispositivo propio, ${at}.`,
    consented: (status, given, closed) =>
      ({
        asked: "No hubo respuesta.",
        given: `Se dio por escrito, ${given}, y no se retiró.`,
        refused: `No se dio, ${closed}.`,
        withdrawn: given
          ? `Se dio por escrito, ${given}, y se retiró, ${closed}.`
          : `La petición se retiró, ${closed}.`,
      })[status] ?? "",
    small: "Detalles para comprobarlo",
    utc: (starts, ends, ended, decided) =>
      `En UTC: reservada ${starts} a ${ends}, terminada ${ended}, liquidada ${decided}.`,
    guidelines: (name, accepted, version, at) =>
      `${name} ${accepted ? "aceptó" : "no aceptó"} las pautas en la versión ${version}, ${at}.`,
    revised: (at) => `Revisado por la administración del servicio, ${at}.`,
    rules: (rules) => `Reglas que intervinieron: ${rules}.`,
    terms: "Condiciones:",
    ledger: (seq) => `Hecho a partir del diario de la sesión hasta la entrada ${seq}:`,
    key: "Firmado con la clave:",
    checking: (issuer) =>
      `Todo lo anterior está en el texto firmado de abajo. Cualquiera puede comprobarlo con las claves públicas de ${issuer}/.well-known/jwks.json y cualquier programa para JOSE (EdDSA).`,
    text: "El texto firmado",
    textHelp: "Guarde este texto o su archivo: la firma está en él, no en el papel.",
  },

  refund: {
    heading: "Devolución de dinero",
    headingExpert: "Los honorarios",
    status: {
      none: "Nuestras reglas no prevén aquí un reembolso; los derechos que le da la ley se mantienen.",
      eligible: "Puede pedir la devolución de",
      requested: "Devolución pedida. Su servicio de reservas se pondrá en contacto con usted.",
      review: "Alguien está revisando lo que ocurrió. Le informaremos sobre los honorarios.",
      approved: "Aprobada. El dinero está en camino.",
      declined: "Su servicio de reservas no la aceptó. Su nota está abajo.",
      disputed: "Usted pidió que se revisara de nuevo. Le informaremos.",
      settled: "Dinero devuelto.",
      expired: "El plazo para pedirla ha pasado. Los derechos que le da la ley se mantienen.",
    },
    statusExpert: {
      none: "No se pide ninguna devolución.",
      eligible: "Su cliente puede pedir la devolución del tiempo no prestado, hasta",
      requested: "Su cliente pidió la devolución del tiempo no prestado.",
      review: "Alguien está revisando lo que ocurrió antes de liquidar los honorarios.",
      approved: "El servicio de reservas aprobó un reembolso a su cliente.",
      declined: "El servicio de reservas no aceptó un reembolso.",
      disputed: "Su cliente pidió que se revisara de nuevo.",
      settled: "Se pagó un reembolso a su cliente.",
      expired: "No se pide ninguna devolución.",
    },
    upTo: "Hasta",
    until: (time) => `hasta el ${time}`,
    how: "Cómo se ha calculado",
    part: (span, why) => `${span}: ${why}`,
    why: (rule) =>
      ({
        "P3.4": "el tiempo que quedaba cuando el especialista se fue antes",
        "P3.5": "interrupciones más largas de lo previsto",
        "P3.6": "el tiempo desde que se fue la conexión del especialista",
        "P3.9": "el tiempo que este servicio no pudo prestar",
        "P3.10": "no se prestó toda la sesión",
      })[rule] ?? "tiempo no prestado",
    sum: (time, booked, fee) =>
      `${time}, con ${booked} de tiempo reservado y unos honorarios de ${fee}; redondeado a su favor.`,
    amount: "¿Cuánto pide que se le devuelva?",
    less: "Todo, o menos si lo prefiere.",
    bad: (max) => `Escriba un importe de hasta ${max}.`,
    request: "Pedir la devolución",
    requested: "Pedido",
    approved: "Aprobado",
    failed: "No ha funcionado. Inténtelo de nuevo.",
  },

  home: {
    title: "Headstrt Sessions",
    heading: "De persona a persona, durante el tiempo reservado",
    intro: [
      "Aquí un cliente y un especialista se encuentran por vídeo durante el tiempo que han reservado. La llamada termina por sí sola cuando se acaba el tiempo.",
      "Este servicio no graba, y no puede verle ni oírle: lo que dice y muestra va cifrado entre sus dos navegadores.",
      "Si no se presta tiempo que se pagó, el cliente puede pedir su devolución, y los dos ven cómo se ha contado.",
    ],
    invited: "¿Tiene una invitación? Abra el enlace que contiene: lleva a su sesión.",
    demo: "Pruébelo",
    demoHelp: "Sesiones de ejemplo. Abra los dos lados de una en dos ventanas.",
  },
};
