package sim

import "github.com/bucketline/bucketline/engine"

// refreshCheck holds "refresh".
type refreshCheck struct{ world *World }

func (k *refreshCheck) asked(s *session) {
	patience := s.config.HandlerMillis
	if patience == 0 {
		patience = engine.DefaultHandlerMillis
	}
	switch {
	case s.asking != nil && k.world.now < s.asking.at+patience:
		k.world.violate("refresh", "credentials are asked for while they are being asked for")
	case !s.config.CanRefresh:
		k.world.violate("refresh", "credentials are asked for where nobody can be asked")
	}
}
