package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// The handlers in this file are the wire side of an environment: the calls of
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and of
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html.

func (e *environment) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.error)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initFailure)
	mux.HandleFunc("POST /2020-01-01/extension/register", e.registerExtension)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", e.nextExtensionEvent)
	return mux
}

// next ends the init or the current invocation, and blocks until there is work.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	f := e.function
	f.mu.Lock()
	switch {
	case f.closed:
		// There is no more work; the process will get the signals of the shutdown.
		f.mu.Unlock()
		<-r.Context().Done()
		return
	case e.state == starting:
		e.timer.Stop()
		e.initDuration = time.Since(e.started)
		f.release(e)
	case e.state == responded:
		e.timer.Stop()
		e.current = nil
		f.release(e)
	case e.state == idle && !e.polling:
		// The connection of the last call broke, and the runtime asks again.
	default:
		f.mu.Unlock()
		refuseTransition(w, e.state, "next")
		return
	}
	e.polling = true
	f.mu.Unlock()

	select {
	case inv := <-e.work:
		f.mu.Lock()
		e.polling = false
		f.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", f.arn)
		h.Set("Lambda-Runtime-Trace-Id", inv.traceID)
		w.Write(inv.payload)
	case <-r.Context().Done():
		f.mu.Lock()
		e.polling = false
		f.mu.Unlock()
	}
}

// response takes the handler's answer. A stream that broke off arrives as a complete body
// with the error in the trailers.
func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		return // the process ended while it wrote; exited answers the invocation
	}
	result := func(inv *invocation) Result { return e.result(inv, body, "") }
	tooLarge := len(body) > MaxPayload
	if tooLarge {
		io.Copy(io.Discard, r.Body) // as long as it writes, the runtime does not read the answer
		result = func(inv *invocation) Result {
			payload := errorPayload("Function.ResponseSizeTooLarge",
				fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload))
			return e.result(inv, payload, unhandled)
		}
	} else if errorType := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); errorType != "" {
		payload, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		if err != nil || !json.Valid(payload) {
			payload = errorPayload(errorType, "")
		}
		result = func(inv *invocation) Result { return e.result(inv, payload, unhandled) }
	}
	if e.settle(w, r, "response", result) {
		if tooLarge {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
				fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxPayload))
			return
		}
		accept(w)
	}
}

// error takes what the runtime reports of a handler that failed.
func (e *environment) error(w http.ResponseWriter, r *http.Request) {
	payload, ok := readError(r)
	if !ok {
		return
	}
	if e.settle(w, r, "error", func(inv *invocation) Result { return e.result(inv, payload, unhandled) }) {
		accept(w)
	}
}

// settle answers the invocation that the call names, or refuses the call.
func (e *environment) settle(
	w http.ResponseWriter, r *http.Request, call string, result func(*invocation) Result,
) bool {
	f := e.function
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case e.current == nil || e.current.id != r.PathValue("id"):
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return false
	case e.state != invoking:
		refuseTransition(w, e.state, call)
		return false
	}
	e.finish(outcome{result: result(e.current)})
	return true
}

// initFailure takes what a runtime reports of an init that failed. The process is
// expected to exit then.
func (e *environment) initFailure(w http.ResponseWriter, r *http.Request) {
	payload, ok := readError(r)
	if !ok {
		return
	}
	e.function.mu.Lock()
	defer e.function.mu.Unlock()
	if e.state != starting {
		refuseTransition(w, e.state, "init/error")
		return
	}
	e.initError = payload
	accept(w)
}

// registerExtension knows the one kind of extension that aws-lambda-go's
// WithEnableSIGTERM registers: one that subscribes to no events.
func (e *environment) registerExtension(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Events []string `json:"events"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Header.Get("Lambda-Extension-Name") == "" {
		refuse(w, http.StatusBadRequest, "InvalidRequestFormat", "name or events are missing")
		return
	}
	if len(request.Events) > 0 {
		refuse(w, http.StatusForbidden, "InvalidEventType", fmt.Sprintf(
			"this Runtime API sends no extension events, not %v either: register without events", request.Events))
		return
	}
	e.function.mu.Lock()
	e.extended = true
	e.function.mu.Unlock()
	w.Header().Set("Lambda-Extension-Identifier", uuid.NewString())
	writeJSON(w, http.StatusOK, map[string]string{
		"functionName":    e.function.cfg.Name,
		"functionVersion": version,
		"handler":         e.function.cfg.Handler,
	})
}

// nextExtensionEvent never has an event to send.
func (e *environment) nextExtensionEvent(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Lambda-Extension-Identifier") == "" {
		refuse(w, http.StatusForbidden, "Extension.MissingHeader", "the header Lambda-Extension-Identifier is missing")
		return
	}
	<-r.Context().Done()
}

func readError(r *http.Request) (payload []byte, ok bool) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload))
	if err != nil {
		return nil, false
	}
	if !json.Valid(payload) {
		payload = errorPayload(r.Header.Get("Lambda-Runtime-Function-Error-Type"), string(payload))
	}
	return payload, true
}

func accept(w http.ResponseWriter) {
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	writeJSON(w, status, map[string]string{"errorType": errorType, "errorMessage": message})
}

func refuseTransition(w http.ResponseWriter, from state, call string) {
	refuse(w, http.StatusForbidden, "InvalidStateTransition", fmt.Sprintf("%s is not allowed in state %v", call, from))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
