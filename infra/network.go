package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// network is how a function reaches private servers: from which subnets, and which
// authorities it trusts besides the public ones. The zero value is the network of Lambda,
// which reaches the Internet.
type network struct {
	VPCID            string // of the security group that the stack creates, if none is given
	SubnetIDs        []string
	SecurityGroupIDs []string
	CABundle         []byte // certificates in PEM
}

// networkKeys are the settings in the object network.
var networkKeys = []string{"vpcId", "subnetIds", "securityGroupIds", "caBundle"}

// network reads the object network from cdk.json, or from JSON after -c.
func (s *settings) network(issuers []issuer) network {
	value, ok := s.decoded("network", "an object")
	if !ok || value == nil || value == "" {
		return network{}
	}
	values, ok := value.(map[string]any)
	if !ok {
		s.problem("network", "must be an object with the keys %s", strings.Join(networkKeys, ", "))
		return network{}
	}
	own := &settings{values: values, reported: map[string]bool{}, prefix: "network."}
	own.refuseOtherThan(networkKeys, "a setting of network")
	n := network{
		VPCID: own.matching("vpcId", `^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`, "vpc-0123456789abcdef0"),
		// The limits are those of VpcConfig in the Lambda API reference.
		SubnetIDs:        own.resourceIDs("subnetIds", "subnet", 16),
		SecurityGroupIDs: own.resourceIDs("securityGroupIds", "sg", 5),
	}
	if file := own.text("caBundle", ""); file != "" {
		var problems []error
		n.CABundle, problems = readCABundle(file, time.Now())
		for _, problem := range problems {
			own.problem("caBundle", "%v", problem)
		}
	}
	own.checkNetwork(n, issuers)
	s.problems = append(s.problems, own.problems...)
	return n
}

// resourceIDs returns a list of IDs of resources of EC2.
func (s *settings) resourceIDs(key, kind string, most int) []string {
	ids := s.list(key)
	for _, id := range ids {
		if !regexp.MustCompile(`^` + kind + `-([0-9a-f]{8}|[0-9a-f]{17})$`).MatchString(id) {
			s.problem(key, "%q does not have the right form: use for example %s-0123456789abcdef0", id, kind)
		}
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(ids))); len(distinct) < len(ids) {
		s.problem(key, "names an ID twice: remove one")
	}
	if len(ids) > most {
		s.problem(key, "has %d IDs, but Lambda allows %d: remove some", len(ids), most)
	}
	return ids
}

// checkNetwork checks the settings that depend on each other.
func (s *settings) checkNetwork(n network, issuers []issuer) {
	given := func(key string) bool { return s.values[key] != nil && s.values[key] != "" }
	if len(n.SubnetIDs) == 0 {
		for _, key := range []string{"vpcId", "securityGroupIds"} {
			if given(key) && !s.reported["subnetIds"] && !s.reported[key] {
				s.problem("subnetIds", "is missing: %s has no effect without the subnets in which the authorizer runs", key)
			}
		}
		return
	}
	if len(n.SecurityGroupIDs) > 0 || s.reported["securityGroupIds"] || s.reported["vpcId"] {
		return
	}
	if n.VPCID == "" {
		s.problem("subnetIds", "needs securityGroupIds, or vpcId: then the stack creates a security group in that VPC")
		return
	}
	for _, one := range issuers {
		if keys, err := url.Parse(one.JWKSURI); err == nil && keys.Port() != "" && keys.Port() != "443" {
			s.problem("securityGroupIds", "is missing: the keys at %s are fetched from port %s, and the security group "+
				"that the stack creates allows 443 only", redacted(one.JWKSURI), keys.Port())
		}
	}
}
