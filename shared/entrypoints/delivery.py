"""Handles an event of a function: reads its envelope, runs its flow, acknowledges or rejects it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import functions_framework
from cloudevents.http import CloudEvent
from werkzeug.exceptions import ServiceUnavailable

from shared.entrypoints import bootstrap
from shared.flows.effects import Flow, Reply
from shared.flows.envelope import (
    Envelope,
    ObjectRef,
    UnreadableMessage,
    envelope_for_object,
    function_for_object,
    read_event,
)
from shared.runtime import tracing
from shared.runtime.interpreter import Interpreter
from shared.runtime.logs import bind
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.runtime.work import TaskHandler, UnitHandler

EntryPoint = Callable[[CloudEvent], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The flow that handles an envelope, and the handler for its RunUnit or RunTask effect."""

    flow: Flow[Reply]
    unit_handler: UnitHandler | None = None
    task_handler: TaskHandler | None = None


def register(main: EntryPoint) -> EntryPoint:
    """Registers an event handler with the functions framework."""
    registered: EntryPoint = functions_framework.cloud_event(main)
    return registered


def handle_event(
    event: CloudEvent, name: str | None, route: Callable[[Envelope], Delivery]
) -> None:
    """Handles one event: reads its envelope and runs the flow that `route` returns for it.

    Returning acknowledges the event. An event that is no valid message is acknowledged and logged.

    Args:
        event: The CloudEvent.
        name: The name of the function; None accepts the messages of every function.
        route: Returns the flow and the handler for an envelope.

    Raises:
        ServiceUnavailable: To refuse the event, so that it is delivered again.
    """
    services, settings = bootstrap.services(), bootstrap.settings()
    bind(function=name or "dead_letter")
    try:
        envelope = _read_envelope(event, name, services, settings)
    except UnreadableMessage as error:
        # A rejected event would be delivered again indefinitely.
        services.log("message.unreadable", severity="ERROR", reason=str(error))
        return
    if envelope is None:
        return
    tracer = bootstrap.tracer()
    parent = tracing.parent_traceparent(envelope.job_id, envelope.traceparent)
    attributes: dict[str, Any] = {"function": name or "dead_letter", "job": envelope.job_id}
    attributes |= {"stage": envelope.stage, "part": envelope.part}
    delivery = route(envelope)
    try:
        with tracer.span(f"{attributes['function']} {envelope.part}", parent, **attributes) as span:
            trace_fields = tracing.log_fields(settings.project, span.traceparent)
            bind(**attributes, epoch=envelope.epoch, **trace_fields)
            interpreter = Interpreter(
                services,
                unit_handler=delivery.unit_handler,
                task_handler=delivery.task_handler,
                traceparent=span.traceparent,
                tracer=tracer,
            )
            reply = interpreter.run(delivery.flow)
            span.set_attributes(reply=reply.value)
    finally:
        tracer.flush()
    if reply is Reply.NACK:
        # An HTTP exception, because the framework logs a traceback for any other one.
        raise ServiceUnavailable("not now")


def _read_envelope(
    event: CloudEvent, name: str | None, services: Services, settings: Settings
) -> Envelope | None:
    message = read_event(name, str(event["type"]), event.data)
    if isinstance(message, Envelope):
        return message
    return _read_object_envelope(message, name, services, settings)


def _read_object_envelope(
    ref: ObjectRef, name: str | None, services: Services, settings: Settings
) -> Envelope | None:
    """Returns the envelope for an object. An object with an unknown name is quarantined."""
    try:
        return envelope_for_object(name or function_for_object(ref, settings.buckets), ref)
    except UnreadableMessage as error:
        services.log("object.unknown", severity="WARNING", reason=str(error))
        services.objects.quarantine(ref)
        return None
