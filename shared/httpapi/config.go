package httpapi

import (
	"context"
	"net/http"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// configPath says how one signs in, to those who have not.
const configPath = "/v1/config"

// isPublic reports whether a request is for everybody: the path alone decides.
func isPublic(r *http.Request) bool {
	return r.URL.Path == configPath || r.URL.Path == unsubscribePath
}

// GetConfig answers how one signs in.
func (s *Server) GetConfig(context.Context, gen.GetConfigRequestObject) (gen.GetConfigResponseObject, error) {
	return gen.GetConfig200JSONResponse(s.config), nil
}

// configOf is what a server with these options says: what it is told, else what its guard asks for.
func configOf(o Options) gen.Config {
	switch {
	case o.Config.SignIn != "":
		return o.Config
	case o.Guard.Token != "" || o.Who != nil:
		return gen.Config{SignIn: gen.SignInToken}
	}
	return gen.Config{SignIn: gen.SignInNone}
}
