"""Every word of the letters, in German. The formal address, and words for both parties that suit anybody."""

from __future__ import annotations

from server import calendar
from server.mail.texts.words import Catalogue, Text, Whoever

_LAW = "Ihre gesetzlichen Rechte bleiben bestehen."
_COMPUTED = "Wie es berechnet wurde, steht auf Ihrer Seite."
_STANDS = "Den Stand der Dinge sehen Sie auf Ihrer Seite."
_NOTHING_TO_DO = "Sie brauchen nichts zu tun."
_FEE = "Das Honorar Ihrer {about}"

GERMAN = Catalogue(
    code="de",
    direction="ltr",
    variant="de",
    client=Whoever("die buchende Person", "Die buchende Person", "mit der buchenden Person"),
    expert=Whoever("Ihre Fachperson", "Ihre Fachperson", "mit Ihrer Fachperson"),
    beside="mit {name}",
    when="{day}, {start} bis {end}",
    when_label="Wann",
    zone_label="Zeitzone",
    with_label="Mit",
    about_label="Thema",
    about="Sitzung vom {day}",
    open_button="Zur Sitzung",
    page_button="Zu Ihrer Seite",
    join_button="Jetzt teilnehmen",
    small=(
        "Sie erhalten diese Nachricht, weil Sie für diese Sitzung auf {host} eingetragen sind. Der Link gehört Ihnen "
        "allein: Wer ihn öffnet, nimmt an Ihrer Stelle teil. Bitte geben Sie ihn nicht weiter."
    ),
    clock="{time} Uhr",
    clock_at_one="{time} Uhr",
    fee="das Honorar",
    booked=Text(
        "Gebucht: Sitzung {with_other}, {day}, {time}",
        "Ihre Sitzung {with_other} ist gebucht",
        (
            "Sie können ab {opens} teilnehmen.",
            "Kamera und Mikrofon lassen sich auf derselben Seite jederzeit vorher ausprobieren.",
        ),
    ),
    link=Text(
        "Ihr Link zur Sitzung {with_other}, {day}, {time}",
        "Hier ist Ihr Link",
        (
            "Bitte verwenden Sie von jetzt an diesen Link. Falls Sie schon einen hatten, gilt er nicht mehr.",
            "Sie können ab {opens} teilnehmen.",
        ),
    ),
    link_over=Text(
        "Ihr Link zur Sitzung {with_other}, {day}, {time}",
        "Hier ist Ihr Link",
        ("Bitte verwenden Sie von jetzt an diesen Link. Falls Sie schon einen hatten, gilt er nicht mehr.",),
    ),
    moved=Text(
        "Neue Zeit: Sitzung {with_other}, {day}, {time}",
        "Ihre Sitzung {with_other} hat eine neue Zeit",
        ("Ihr Link bleibt derselbe.", "Sie können ab {opens} teilnehmen."),
    ),
    cancelled_subject="Abgesagt: Sitzung {with_other}, {day}, {time}",
    cancelled_by_me=("Sie haben diese Sitzung abgesagt", "Es gelten die Bedingungen Ihrer Buchung."),
    cancelled_by_me_expert=("Sie haben diese Sitzung abgesagt", "{Other} weiß Bescheid."),
    cancelled_by_other=("{Other} hat diese Sitzung abgesagt", _NOTHING_TO_DO),
    cancelled_by_team=("Unser Team hat diese Sitzung abgesagt", _NOTHING_TO_DO),
    cancelled_by_both=("Diese Sitzung wurde einvernehmlich abgesagt", _NOTHING_TO_DO),
    cancelled=(
        "Diese Sitzung wurde abgesagt",
        "Sie kann nicht stattfinden. Falls es mehr zu wissen gibt, steht es auf Ihrer Seite.",
    ),
    reminder=Text(
        "{time}: Sitzung {with_other}",
        "Ihre Sitzung {with_other} steht bevor",
        ("Sie beginnt um {clock}; teilnehmen können Sie ab {opens}.",),
    ),
    waiting=Text(
        "{Other} ist da: Ihre Sitzung beginnt jetzt",
        "{Other} wartet auf Sie",
        ("Ihre Sitzung beginnt jetzt, um {clock}. {Other} ist im Warteraum.",),
    ),
    still_waiting=Text(
        "{Other} wartet noch auf Sie",
        "{Other} wartet noch auf Sie",
        (
            "Ihre Sitzung hat um {clock} begonnen, und {other} ist noch da.",
            "Falls Sie unterwegs sind, können Sie es auf der Seite mit einem Tippen mitteilen.",
        ),
    ),
    eligible=Text(
        "Sie können Geld zurückerhalten: {about}",
        "Sie können um Geld zurück bitten",
        ("Sie können bis zu {money} zurückverlangen. Ob Sie das tun, entscheiden allein Sie.",),
    ),
    eligible_until=Text(
        "Sie können Geld zurückerhalten: {about}",
        "Sie können um Geld zurück bitten",
        ("Sie können bis zu {money} zurückverlangen, bis {until}. Ob Sie das tun, entscheiden allein Sie.",),
    ),
    requested=Text(
        "Zurückverlangt: {about}",
        "Ihr Geld wurde zurückverlangt",
        (
            "{money} wurden zurückverlangt. Sie brauchen nichts weiter zu tun.",
            "Ihr Buchungsdienst meldet sich bei Ihnen.",
        ),
    ),
    review=Text(
        "Wir sehen uns Ihre {about} an",
        "Wir sehen uns an, was geschehen ist",
        ("Jemand sieht sich an, was geschehen ist. Wegen des Honorars hören Sie von uns.",),
    ),
    approved=Text(
        "Bewilligt: Geld zurück, {about}",
        "Ihre Erstattung ist bewilligt",
        ("{money} werden Ihnen zurückgezahlt. Das Geld ist unterwegs.",),
    ),
    declined=Text(
        "Eine Antwort zu Ihrer {about}",
        "Ihr Buchungsdienst hat entschieden",
        ("Ihr Buchungsdienst hat abgelehnt. Den Grund finden Sie auf Ihrer Seite.", _LAW),
    ),
    declined_disputable=Text(
        "Eine Antwort zu Ihrer {about}",
        "Ihr Buchungsdienst hat entschieden",
        (
            "Ihr Buchungsdienst hat abgelehnt. Den Grund finden Sie auf Ihrer Seite, "
            "und auch, wie Sie um einen zweiten Blick bitten können.",
            _LAW,
        ),
    ),
    disputed=Text(
        "Ein zweiter Blick auf Ihre {about}",
        "Ihr Buchungsdienst sieht noch einmal hin",
        ("Sie haben um einen zweiten Blick gebeten. Sie hören davon.",),
    ),
    settled=Text(
        "Zurückgezahlt: {about}",
        "Ihr Geld wurde zurückgezahlt",
        ("{money} wurden Ihnen zurückgezahlt.",),
    ),
    expired=Text(
        "Die Frist zum Zurückverlangen ist vorbei: {about}",
        "Die Frist ist vorbei",
        (f"Die Zeit, in der Sie Geld zurückverlangen konnten, ist vorbei. {_LAW}",),
    ),
    nothing=Text(
        "Eine Antwort zu Ihrer {about}",
        "Wir haben uns angesehen, was geschehen ist",
        (
            "Jemand hat sich angesehen, was geschehen ist. Warum so entschieden wurde, steht auf Ihrer Seite.",
            "Unsere Regeln sehen hier keine Erstattung vor; Ihre gesetzlichen Rechte bleiben bestehen.",
        ),
    ),
    expert_requested=Text(
        _FEE, "Geld wird zurückverlangt", ("{money} werden für die buchende Person zurückverlangt.", _COMPUTED)
    ),
    expert_approved=Text(
        _FEE,
        "Eine Erstattung wurde bewilligt",
        ("Der Buchungsdienst hat der buchenden Person eine Erstattung von {money} bewilligt.", _COMPUTED),
    ),
    expert_declined=Text(
        _FEE,
        "Eine Erstattung wurde abgelehnt",
        ("Der Buchungsdienst hat eine Erstattung an die buchende Person abgelehnt.", _STANDS),
    ),
    expert_disputed=Text(
        _FEE,
        "Ein zweiter Blick auf das Honorar",
        ("Die buchende Person hat um einen zweiten Blick auf die Entscheidung gebeten.", _STANDS),
    ),
    expert_settled=Text(
        _FEE,
        "Eine Erstattung wurde ausgezahlt",
        ("{money} wurden an die buchende Person zurückgezahlt.", _COMPUTED),
    ),
    report_filed=Text(
        "Ihre Meldung {ticket} ist bei uns",
        "Ihre Meldung ist bei uns",
        (
            "Sie hat die Nummer {ticket}. Jemand aus unserem Team sieht sie sich an, und Sie hören von uns.",
            "Wir nennen Ihren Namen nicht; was Sie geschrieben haben, kann zeigen, wer Sie sind.",
        ),
    ),
    report_upheld=Text(
        "Ihre Meldung {ticket}: unsere Antwort",
        "Wir haben uns Ihre Meldung angesehen",
        (
            "Wir haben sie uns angesehen und festgestellt, dass unsere Leitlinien nicht eingehalten wurden. "
            "Die Begründung steht auf Ihrer Seite.",
        ),
    ),
    report_dismissed=Text(
        "Ihre Meldung {ticket}: unsere Antwort",
        "Wir haben uns Ihre Meldung angesehen",
        (
            "Wir haben sie uns angesehen und keinen Verstoß gegen unsere Leitlinien gefunden. "
            f"Die Begründung steht auf Ihrer Seite. {_LAW}",
        ),
    ),
    about_me_filed=Text(
        "Es gibt eine Meldung zu Ihrer {about}",
        "Es gibt eine Meldung zu Ihrer Sitzung",
        ("Was darin steht, finden Sie auf Ihrer Seite. Entschieden ist nichts.",),
    ),
    about_me_upheld=Text(
        "Eine Meldung zu Ihrer {about}: unser Ergebnis",
        "Wir haben uns eine Meldung angesehen",
        (
            "Wir haben sie uns angesehen und festgestellt, dass unsere Leitlinien nicht eingehalten wurden. "
            "Was darin steht, warum wir so entschieden haben und was daraus folgt, finden Sie auf Ihrer Seite.",
        ),
    ),
    about_me_dismissed=Text(
        "Eine Meldung zu Ihrer {about}: unser Ergebnis",
        "Wir haben uns eine Meldung angesehen",
        (
            "Wir haben sie uns angesehen und keinen Verstoß gegen unsere Leitlinien gefunden. "
            "Sie wird Ihnen nicht angerechnet.",
        ),
    ),
    calendar=calendar.Words(
        summary="Sitzung mit {other}",
        cancelled="Diese Sitzung wurde abgesagt.",
        join="Hier teilnehmen, ab {minutes} Minuten vor dem Beginn:",
    ),
)
