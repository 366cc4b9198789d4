"""Every word of the letters, in Spanish. The polite address, for every country, and words that suit anybody."""

from __future__ import annotations

from server import calendar
from server.mail.texts.words import Catalogue, Text, Whoever

_LAW = "Los derechos que le da la ley se mantienen."
_COMPUTED = "En su página se explica cómo se ha calculado."
_STANDS = "En su página puede ver en qué punto está."
_NOTHING_TO_DO = "No tiene que hacer nada."
_FEE = "Los honorarios de su {about}"

SPANISH = Catalogue(
    code="es",
    direction="ltr",
    variant="es",
    client=Whoever("su cliente", "Su cliente", "con su cliente"),
    expert=Whoever("su especialista", "Su especialista", "con su especialista"),
    beside="con {name}",
    when="{day}, {start} a {end}",
    when_label="Cuándo",
    zone_label="Zona horaria",
    with_label="Con",
    about_label="Tema",
    about="sesión del {day}",
    open_button="Abrir la sesión",
    page_button="Abrir su página",
    join_button="Entrar ahora",
    small=(
        "Recibe este correo porque participa en esta sesión de {host}. El enlace es solo para usted: "
        "quien lo abre entra en su lugar, así que, por favor, no lo comparta."
    ),
    clock="las {time}",
    clock_at_one="la {time}",
    fee="los honorarios",
    booked=Text(
        "Reservada: sesión {with_other}, {day}, {time}",
        "Su sesión {with_other} está reservada",
        (
            "Puede entrar desde {opens}.",
            "En la misma página puede comprobar antes, cuando quiera, la cámara y el micrófono.",
        ),
    ),
    link=Text(
        "Su enlace para la sesión {with_other}, {day}, {time}",
        "Este es su enlace",
        (
            "A partir de ahora use este enlace. Si tenía uno anterior, ya no funciona.",
            "Puede entrar desde {opens}.",
        ),
    ),
    link_over=Text(
        "Su enlace para la sesión {with_other}, {day}, {time}",
        "Este es su enlace",
        ("A partir de ahora use este enlace. Si tenía uno anterior, ya no funciona.",),
    ),
    moved=Text(
        "Nueva hora: sesión {with_other}, {day}, {time}",
        "Su sesión {with_other} tiene una nueva hora",
        ("Su enlace sigue siendo el mismo.", "Puede entrar desde {opens}."),
    ),
    cancelled_subject="Cancelada: sesión {with_other}, {day}, {time}",
    cancelled_by_me=("Usted canceló esta sesión", "Se aplican las condiciones de su reserva."),
    cancelled_by_me_expert=("Usted canceló esta sesión", "Ya se lo hemos comunicado a {other}."),
    cancelled_by_other=("{Other} canceló esta sesión", _NOTHING_TO_DO),
    cancelled_by_team=("Nuestro equipo canceló esta sesión", _NOTHING_TO_DO),
    cancelled_by_both=("Esta sesión se canceló de común acuerdo", _NOTHING_TO_DO),
    cancelled=(
        "Esta sesión se canceló",
        "No podrá celebrarse. Si hay algo más que saber, lo verá en su página.",
    ),
    reminder=Text(
        "{time}: sesión {with_other}",
        "Se acerca su sesión {with_other}",
        ("Empieza a {clock}; puede entrar desde {opens}.",),
    ),
    waiting=Text(
        "{Other} ya está aquí: su sesión empieza ahora",
        "{Other} le espera",
        ("Su sesión empieza ahora, a {clock}. {Other} está en la sala de espera.",),
    ),
    still_waiting=Text(
        "{Other} le sigue esperando",
        "{Other} le sigue esperando",
        (
            "Su sesión empezó a {clock}, y {other} sigue ahí.",
            "Si está de camino, puede avisar en la página con un toque.",
        ),
    ),
    eligible=Text(
        "Puede pedir que se le devuelva dinero: {about}",
        "Puede pedir que se le devuelva dinero",
        ("Puede pedir la devolución de hasta {money}. Pedirla o no es decisión únicamente suya.",),
    ),
    eligible_until=Text(
        "Puede pedir que se le devuelva dinero: {about}",
        "Puede pedir que se le devuelva dinero",
        ("Puede pedir la devolución de hasta {money} hasta el {until}. Pedirla o no es decisión únicamente suya.",),
    ),
    requested=Text(
        "Devolución pedida: {about}",
        "Se ha pedido la devolución de su dinero",
        (
            "Se ha pedido la devolución de {money}. No tiene que hacer nada más.",
            "Su servicio de reservas se pondrá en contacto con usted.",
        ),
    ),
    review=Text(
        "Estamos revisando su {about}",
        "Estamos revisando lo que ocurrió",
        ("Alguien está revisando lo que ocurrió. Le informaremos sobre los honorarios.",),
    ),
    approved=Text(
        "Aprobada: devolución, {about}",
        "Su devolución está aprobada",
        ("Se le devolverán {money}. El dinero está en camino.",),
    ),
    declined=Text(
        "Una respuesta sobre su {about}",
        "Su servicio de reservas ha decidido",
        ("Su servicio de reservas no aceptó la petición. El motivo está en su página.", _LAW),
    ),
    declined_disputable=Text(
        "Una respuesta sobre su {about}",
        "Su servicio de reservas ha decidido",
        (
            "Su servicio de reservas no aceptó la petición. "
            "El motivo está en su página, y también cómo pedir que se revise de nuevo.",
            _LAW,
        ),
    ),
    disputed=Text(
        "Se revisa de nuevo su {about}",
        "Su servicio de reservas lo revisa de nuevo",
        ("Usted pidió que se revisara de nuevo. Le informaremos.",),
    ),
    settled=Text(
        "Dinero devuelto: {about}",
        "Se le ha devuelto su dinero",
        ("Se le han devuelto {money}.",),
    ),
    expired=Text(
        "El plazo para pedirlo ha pasado: {about}",
        "El plazo para pedirlo ha pasado",
        (f"El plazo para pedir la devolución de dinero ha pasado. {_LAW}",),
    ),
    nothing=Text(
        "Una respuesta sobre su {about}",
        "Hemos revisado lo que ocurrió",
        (
            "Alguien revisó lo que ocurrió. En su página se explica por qué se decidió así.",
            "Nuestras reglas no prevén aquí un reembolso; los derechos que le da la ley se mantienen.",
        ),
    ),
    expert_requested=Text(
        _FEE, "Se pide la devolución de dinero", ("Se pide la devolución de {money} para su cliente.", _COMPUTED)
    ),
    expert_approved=Text(
        _FEE,
        "Se aprobó un reembolso",
        ("El servicio de reservas aprobó un reembolso de {money} a su cliente.", _COMPUTED),
    ),
    expert_declined=Text(
        _FEE,
        "No se aceptó un reembolso",
        ("El servicio de reservas no aceptó un reembolso a su cliente.", _STANDS),
    ),
    expert_disputed=Text(
        _FEE,
        "Los honorarios se revisan de nuevo",
        ("Su cliente pidió que se revisara de nuevo lo que se decidió.", _STANDS),
    ),
    expert_settled=Text(_FEE, "Se pagó un reembolso", ("Se devolvieron {money} a su cliente.", _COMPUTED)),
    report_filed=Text(
        "Hemos recibido su aviso {ticket}",
        "Hemos recibido su aviso",
        (
            "Su número es {ticket}. Alguien de nuestro equipo lo revisa, y le daremos una respuesta.",
            "No damos su nombre; lo que ha escrito puede dejar ver quién es.",
        ),
    ),
    report_upheld=Text(
        "Su aviso {ticket}: nuestra respuesta",
        "Hemos revisado su aviso",
        ("Lo hemos revisado y hemos visto que no se respetaron nuestras pautas. En su página se explica por qué.",),
    ),
    report_dismissed=Text(
        "Su aviso {ticket}: nuestra respuesta",
        "Hemos revisado su aviso",
        (
            "Lo hemos revisado y no hemos encontrado nada contrario a nuestras pautas. "
            f"En su página se explica por qué. {_LAW}",
        ),
    ),
    about_me_filed=Text(
        "Hay un aviso sobre su {about}",
        "Hay un aviso sobre su sesión",
        ("Lo que dice está en su página. No se ha decidido nada.",),
    ),
    about_me_upheld=Text(
        "Un aviso sobre su {about}: lo que hemos visto",
        "Hemos revisado un aviso",
        (
            "Lo hemos revisado y hemos visto que no se respetaron nuestras pautas. "
            "Lo que dice, por qué lo decidimos así y qué se sigue de ello está en su página.",
        ),
    ),
    about_me_dismissed=Text(
        "Un aviso sobre su {about}: lo que hemos visto",
        "Hemos revisado un aviso",
        ("Lo hemos revisado y no hemos encontrado nada contrario a nuestras pautas. No cuenta en su contra.",),
    ),
    calendar=calendar.Words(
        summary="Sesión con {other}",
        cancelled="Esta sesión se canceló.",
        join="Entre aquí, desde {minutes} minutos antes del comienzo:",
    ),
)
