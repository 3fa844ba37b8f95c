package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
)

// goodbye is how long requests that run may take when the program is asked to end.
const goodbye = 10 * time.Second

// Serve answers with the handler until the context ends, then lets the requests that run
// finish. A port that is taken is an error that says what to do.
func Serve(ctx context.Context, handler http.Handler, flags *web.FlagConfig, log *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- web.ListenAndServe(server, flags, log) }()
	select {
	case err := <-ended:
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%w: another program has this port; stop it or choose another --web.listen-address", err)
		}
		return err
	case <-ctx.Done():
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		err := server.Shutdown(bounded)
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
}

// OnHangup calls reload for each SIGHUP until the context ends. One that fails has changed nothing,
// and the log says so: a signal is answered nowhere else.
func OnHangup(ctx context.Context, log *slog.Logger, reload func() error) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
			if err := reload(); err != nil {
				log.Error("reload failed, the configuration before it stays in force", "err", err)
			}
		}
	}
}
