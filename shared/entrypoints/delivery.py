"""One event delivered to a function: its envelope is read, its flow run, its answer given."""

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
from shared.runtime.interpreter import Interpreter, Services, TaskHandler, UnitHandler
from shared.runtime.logs import bind
from shared.runtime.settings import Settings

EntryPoint = Callable[[CloudEvent], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The flow that handles an envelope, and the handler that does the work it asks for."""

    flow: Flow[Reply]
    unit_handler: UnitHandler | None = None
    task_handler: TaskHandler | None = None


def register(main: EntryPoint) -> EntryPoint:
    """Register a function of one event with the functions framework."""
    registered: EntryPoint = functions_framework.cloud_event(main)
    return registered


def handle_event(
    event: CloudEvent, name: str | None, route: Callable[[Envelope], Delivery]
) -> None:
    """Handle one event: read its envelope, run the flow that `deliver` chooses for it, and
    acknowledge by returning or refuse by raising ServiceUnavailable. `name` is the function's;
    None accepts the messages of every stage."""
    world, settings = bootstrap.services(), bootstrap.settings()
    bind(function=name or "dead_letter")
    try:
        envelope = _envelope(event, name, world, settings)
    except UnreadableMessage as unreadable:
        # Refusing it would bring it back for ever; it is kept in the log.
        world.log("message.unreadable", severity="ERROR", reason=str(unreadable))
        return
    if envelope is None:
        return
    tracer = bootstrap.tracer()
    parent = tracing.parent_traceparent(envelope.job_id, envelope.traceparent)
    where: dict[str, Any] = {"function": name or "dead_letter", "job": envelope.job_id}
    where |= {"stage": envelope.stage, "part": envelope.part}
    delivery = route(envelope)
    try:
        with tracer.span(f"{where['function']} {envelope.part}", parent, **where) as span:
            told = tracing.log_fields(settings.project, span.traceparent)
            bind(**where, epoch=envelope.epoch, **told)
            interpreter = Interpreter(
                world,
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
        # Not an exception of ours: the framework would log a traceback for every busy unit.
        raise ServiceUnavailable("not now")


def _envelope(
    event: CloudEvent, name: str | None, services: Services, settings: Settings
) -> Envelope | None:
    found = read_event(name, str(event["type"]), event.data)
    if isinstance(found, Envelope):
        return found
    return _of_object(found, name, services, settings)


def _of_object(
    ref: ObjectRef, name: str | None, services: Services, settings: Settings
) -> Envelope | None:
    """An object's unit; an object whose name is none of ours is put aside."""
    try:
        return envelope_for_object(name or function_for_object(ref, settings.buckets), ref)
    except UnreadableMessage as strange:
        services.log("object.unknown", severity="WARNING", reason=str(strange))
        services.objects.quarantine(ref)
        return None
