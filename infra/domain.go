package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/jsii-runtime-go"
)

// addDomain serves the stage under a custom domain name, and under no other name:
// newStack disables the one that API Gateway assigns. TLS_1_2 refuses TLS 1.0 and 1.1 and
// offers 1.3.
func addDomain(stack awscdk.Stack, cfg Config, api awsapigateway.RestApi) {
	certificate := awscertificatemanager.Certificate_FromCertificateArn(
		stack, jsii.String("Certificate"), jsii.String(cfg.CertificateARN))
	options := &awsapigateway.DomainNameOptions{
		DomainName:     jsii.String(cfg.DomainName),
		Certificate:    certificate,
		EndpointType:   awsapigateway.EndpointType_REGIONAL,
		SecurityPolicy: awsapigateway.SecurityPolicy_TLS_1_2,
	}
	if cfg.BasePath != "" {
		options.BasePath = jsii.String(cfg.BasePath)
	}
	domain := api.AddDomainName(jsii.String("Domain"), options)
	output(stack, "DomainTarget", "What the DNS record of "+cfg.DomainName+" must point to",
		*domain.DomainNameAliasDomainName())

	if cfg.HostedZoneID == "" {
		return
	}
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("HostedZone"),
		&awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(cfg.HostedZoneID),
			ZoneName:     jsii.String(cfg.DomainName), // unused: the record's name below is fully qualified
		})
	awsroute53.NewARecord(stack, jsii.String("DomainRecord"), &awsroute53.ARecordProps{
		Zone:       zone,
		RecordName: jsii.String(cfg.DomainName + "."),
		Target:     awsroute53.RecordTarget_FromAlias(awsroute53targets.NewApiGatewayDomain(domain)),
	})
}
