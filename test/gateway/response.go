package gateway

import (
	"net/http"
	"strconv"
)

// A response is what the client gets, apart from the headers that every response has.
type response struct {
	status int
	header http.Header // names as they are to be written
	body   []byte
}

func (r *response) write(w http.ResponseWriter, requestID, extendedID string) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values // Set would change the spelling of the name
	}
	h["x-amzn-RequestId"] = []string{requestID}
	h["x-amz-apigw-id"] = []string{extendedID}
	if bodyAllowed(r.status) {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	w.Write(r.body) // an error means that the client is gone
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
