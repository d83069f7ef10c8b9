package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

// TestResult is what a test of the connection found (PLATFORM 2.6).
type TestResult struct {
	// Status is "success", "failed" (somebody has to change something) or "error" (it cannot be judged).
	Status  string
	Message string   // without secrets
	Scopes  []string // of the token
}

// Statuses of a TestResult.
const (
	TestSuccess = "success"
	TestFailed  = "failed"
	TestError   = "error"
)

// The times of a test (PLATFORM 2.6).
const (
	testTimeout    = 10 * time.Second
	probeConnect   = time.Second
	probeTimeout   = 2 * time.Second
	maxShownScopes = 2000 // bytes
)

// Test asks the service what the token may do. It takes ten seconds at most.
func (c *Client) Test(ctx context.Context) TestResult {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	g, err := c.authorization(ctx)
	if err != nil {
		return testError(err)
	}
	p := c.config.Outbound
	p.ConnectTimeout = probeConnect
	out := outbound.NewClient(p)
	defer out.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.at.Introspect, nil)
	if err != nil {
		return TestResult{Status: TestError, Message: "the address of the token introspection cannot be called"}
	}
	req.Header.Set("Authorization", g.header)
	req.Header.Set("X-Xurrent-Account", c.config.AccountID)
	req.Header.Set("Accept", "application/json")
	resp, err := out.Do(ctx, req, outbound.CallOptions{Timeout: probeTimeout, MaxBody: maxShortAnswer})
	if err != nil {
		return testError(steps.Errorf(steps.ErrorKind(outbound.Classify(err)), "%s", g.secrets.Redact(err.Error())))
	}
	return judgeTest(resp, g.secrets.Redact)
}

func testError(err error) TestResult {
	var failed *steps.Error
	if !errors.As(err, &failed) {
		return TestResult{Status: TestError, Message: err.Error()} // put back
	}
	switch failed.Kind {
	case steps.AuthError:
		return TestResult{Status: TestFailed, Message: failed.Message}
	case steps.TimeoutError:
		return TestResult{Status: TestError, Message: "The connection test timed out: " + failed.Message}
	}
	return TestResult{Status: TestError, Message: failed.Message}
}

func judgeTest(resp *outbound.Response, redact func(string) string) TestResult {
	result := func(status, format string, args ...any) TestResult {
		return TestResult{Status: status, Message: fmt.Sprintf(format, args...)}
	}
	var object map[string]json.RawMessage
	isObject := json.Unmarshal(resp.Body, &object) == nil && object != nil
	switch {
	case resp.Status == http.StatusUnauthorized, resp.Status == http.StatusForbidden:
		return result(TestFailed, "Xurrent rejected the credentials (HTTP %d).", resp.Status)
	case resp.Status != http.StatusOK && resp.Status != http.StatusBadRequest:
		return result(TestError, "Token introspection failed (HTTP %d): %s", resp.Status, excerpt(resp.Body, redact))
	case !isObject:
		return result(TestError, "Token introspection gave an answer that cannot be read (HTTP %d).", resp.Status)
	case resp.Status == http.StatusBadRequest:
		if text := plainText(object["message"]); text != "" {
			return result(TestFailed, "%s", outbound.EscapeLog(redact(text), maxMessage))
		}
		return result(TestFailed, "Xurrent rejected the request (HTTP 400).")
	}
	var scopes []string
	if json.Unmarshal(object["scopes"], &scopes) != nil || len(scopes) == 0 {
		return result(TestFailed, "The token is valid but has no scopes: give the OAuth application some.")
	}
	r := result(TestSuccess, "Connection successful. Token scopes: %s.", outbound.EscapeLog(redact(strings.Join(scopes, ", ")), maxShownScopes))
	r.Scopes = scopes
	return r
}
